use super::*;

fn text(name: &str, value: &'static str) -> Part {
    Part::new(name.as_bytes(), None, b"", Content::Bytes(Bytes::from_static(value.as_bytes()))).unwrap()
}

/// The whole body, read in pieces of that size, and whether its length was told right.
fn sent(form: &Form, piece: usize) -> String {
    let body = form.body().unwrap();
    let Body::Streamed(streamed) = &body else { panic!("a form is streamed") };
    let mut all = Vec::new();
    let mut buffer = vec![0; piece];
    loop {
        match streamed.fill(&mut buffer).unwrap() {
            0 => break,
            count => all.extend_from_slice(&buffer[..count]),
        }
    }
    if let Some(length) = body.length() {
        assert_eq!(length, all.len() as u64);
    }
    String::from_utf8(all).unwrap()
}

#[test]
fn the_bytes_are_those_of_the_rfc_in_pieces_of_any_size() {
    let mut form = Form::new(b"XYZ").unwrap();
    form.add(text("field", "value")).unwrap();
    let file = Content::Bytes(Bytes::from_static(b"{}"));
    form.add(Part::new(b"file", Some(b"a.json"), b"application/json", file).unwrap()).unwrap();
    form.add(Part::new(b"raw", Some(b"b"), b"", Content::Bytes(Bytes::new())).unwrap()).unwrap();
    let expected = "--XYZ\r\nContent-Disposition: form-data; name=\"field\"\r\n\r\nvalue\r\n\
        --XYZ\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.json\"\r\n\
        Content-Type: application/json\r\n\r\n{}\r\n\
        --XYZ\r\nContent-Disposition: form-data; name=\"raw\"; filename=\"b\"\r\n\
        Content-Type: application/octet-stream\r\n\r\n\r\n--XYZ--\r\n";
    for piece in [1, 2, 7, 1000] {
        assert_eq!(sent(&form, piece), expected);
    }
    assert_eq!(form.content_type().value, b"multipart/form-data; boundary=\"XYZ\"");
    assert_eq!(sent(&Form::new(b"E").unwrap(), 9), "--E--\r\n");
}

#[test]
fn names_cannot_break_out() {
    let part = Part::new(b"a\"b\r\nX: y", Some("ü\";\n.txt".as_bytes()), b"", Content::Bytes(Bytes::new())).unwrap();
    let head = String::from_utf8(part.head).unwrap();
    assert!(
        head.starts_with("Content-Disposition: form-data; name=\"a%22b%0D%0AX: y\"; filename=\"ü%22;%0A.txt\"\r\n")
    );
    for (name, file_name, content_type) in
        [(&b""[..], None, &b""[..]), (b"a\0", None, b""), (b"a", Some(&b"\0"[..]), b""), (b"a", None, b"x\r\ny: z")]
    {
        assert!(Part::new(name, file_name, content_type, Content::Bytes(Bytes::new())).is_err());
    }
}

#[test]
fn boundaries_are_checked_or_unguessable() {
    for bad in [&b"a b"[..], b"a\r\n", b"\"", &[b'x'; 71]] {
        assert_eq!(Form::new(bad).map(|_| ()).unwrap_err().status(), HS_ERR_INVALID_ARGUMENT);
    }
    let (one, two) = (Form::new(b"").unwrap().boundary, Form::new(b"").unwrap().boundary);
    assert!(one != two && one.len() >= 32);
}

#[test]
fn a_file_is_read_when_its_turn_comes_and_its_absence_told_before() {
    let path = std::env::temp_dir().join(format!("hs-form-{}", std::process::id()));
    std::fs::write(&path, "in the file").unwrap();
    let mut form = Form::new(b"B").unwrap();
    form.add(Part::new(b"f", Some(b"f"), b"text/plain", Content::File(path.clone())).unwrap()).unwrap();
    assert!(sent(&form, 5).contains("\r\n\r\nin the file\r\n--B--"));
    std::fs::remove_file(&path).unwrap();
    let error = form.body().unwrap_err();
    assert_eq!(error.status(), HS_ERR_FILE);
    assert!(error.to_string().contains("hs-form-"), "{error}");
}

struct Once(Option<&'static [u8]>, bool);

impl Source for Once {
    fn poll_read(&mut self, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Result<usize, Error>> {
        let Some(bytes) = self.0.take() else { return Poll::Ready(Ok(0)) };
        buffer[..bytes.len()].copy_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }
    fn can_rewind(&self) -> bool {
        self.1
    }
    fn rewind(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

#[test]
fn a_form_begins_again_if_all_of_its_sources_can() {
    for rewinds in [false, true] {
        let open = Arc::new(move || Box::new(Once(Some(b"abc"), rewinds)) as Box<dyn Source>);
        let mut form = Form::new(b"B").unwrap();
        form.add(Part::new(b"s", None, b"", Content::Streamed { open, length: None }).unwrap()).unwrap();
        let body = form.body().unwrap();
        assert_eq!(body.length(), None);
        let Body::Streamed(streamed) = &body else { panic!("a form is streamed") };
        let mut buffer = [0; 500];
        assert!(streamed.fill(&mut buffer).unwrap() > 0);
        assert_eq!((body.is_replayable(), body.rewind().is_ok()), (rewinds, rewinds));
        assert!(sent(&form, 500).contains("abc"));
    }
}
