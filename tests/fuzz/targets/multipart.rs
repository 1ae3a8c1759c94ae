//! Forms. Lines: the boundary, and then for each part its name, file name, media type and content, until the lines end.

#![no_main]

use bytes::Bytes;
use http_sentinel::fuzzing::{Body, Form, FormContent, FormPart};
use libfuzzer_sys::fuzz_target;
use std::task::{Context, Poll, Waker};

fuzz_target!(|data: &[u8]| {
    let Some((&size, data)) = data.split_first() else { return };
    let mut lines = data.split(|&byte| byte == b'\n');
    let boundary = lines.next().unwrap_or_default();
    let fine = |byte: &u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(byte);
    let mut form = match Form::new(boundary) {
        Ok(form) => form,
        Err(error) => {
            assert!(boundary.len() > 70 || !boundary.iter().all(fine), "{error}");
            return;
        }
    };
    assert!(boundary.len() <= 70 && boundary.iter().all(fine));
    let mut expected = Vec::new();
    while let Some(name) = lines.next() {
        let [file_name, content_type, content] = [(); 3].map(|()| lines.next().unwrap_or_default());
        // A backslash stands for what cannot be in a line.
        let [name, file_name, content] = [name, file_name, content].map(unfolded);
        let file_name = Some(&file_name[..]).filter(|name| !name.is_empty());
        let bytes = FormContent::Bytes(Bytes::from(content.clone()));
        if let Ok(part) = FormPart::new(&name, file_name, content_type, bytes) {
            assert!(!name.is_empty() && !name.contains(&0));
            form.add(part).unwrap();
            expected.push((head(&name, file_name, content_type), content));
        }
    }
    let value = form.content_type().value;
    let boundary = value.split(|&byte| byte == b'"').nth(1).expect("a quoted boundary").to_vec();
    let delimiter = [b"--", &boundary[..]].concat();
    if expected.iter().any(|(_, content)| content.windows(delimiter.len()).any(|part| part == delimiter)) {
        return; // The caller's choice.
    }
    let Body::Streamed(body) = form.body().unwrap() else { panic!("forms are streamed") };
    let sent = whole(&body, usize::from(size) + 1);
    assert_eq!(body.length(), Some(sent.len() as u64));
    assert_eq!(parsed(&sent, &delimiter), expected);
    body.rewind().unwrap();
    assert_eq!(whole(&body, 4096), sent);
});

fn unfolded(text: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'\\' => all.push(bytes.next().map_or(b'\\', |&next| match next {
                b'n' => b'\n',
                b'r' => b'\r',
                b'0' => 0,
                other => other,
            })),
            _ => all.push(byte),
        }
    }
    all
}

fn whole(body: &http_sentinel::fuzzing::Streamed, size: usize) -> Vec<u8> {
    let (mut all, mut buffer) = (Vec::new(), vec![0; size]);
    loop {
        match body.poll_fill(&mut Context::from_waker(Waker::noop()), &mut buffer).map(Result::unwrap) {
            Poll::Ready(0) => return all,
            Poll::Ready(count) => all.extend_from_slice(&buffer[..count]),
            Poll::Pending => unreachable!("a form of bytes waits for nobody"),
        }
    }
}

/// The lines of a part's head, as a browser writes them.
fn head(name: &[u8], file_name: Option<&[u8]>, content_type: &[u8]) -> Vec<Vec<u8>> {
    let quoted = |text: &[u8]| {
        let text = text.iter().flat_map(|&byte| match byte {
            b'"' => b"%22".to_vec(),
            b'\r' => b"%0D".to_vec(),
            b'\n' => b"%0A".to_vec(),
            _ => vec![byte],
        });
        [vec![b'"'], text.collect(), vec![b'"']].concat()
    };
    let mut first = [b"Content-Disposition: form-data; name=".to_vec(), quoted(name)].concat();
    if let Some(file_name) = file_name {
        first.extend([b"; filename=".to_vec(), quoted(file_name)].concat());
    }
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = content_type.iter().position(|byte| !blank(byte)).unwrap_or(content_type.len());
    let end = content_type.iter().rposition(|byte| !blank(byte)).map_or(start, |at| at + 1);
    let media = match (content_type, file_name) {
        (b"", None) => return vec![first],
        (b"", Some(_)) => &b"application/octet-stream"[..],
        (given, _) => &given[start..end],
    };
    vec![first, [b"Content-Type: ", media].concat()]
}

type Parts = Vec<(Vec<Vec<u8>>, Vec<u8>)>;

/// The lines of the heads and the contents of a body (RFC 2046, section 5.1.1).
fn parsed(mut body: &[u8], delimiter: &[u8]) -> Parts {
    let mut parts = Parts::new();
    loop {
        body = body.strip_prefix(delimiter).expect("a delimiter");
        if let Some(rest) = body.strip_prefix(b"--") {
            assert_eq!(rest, b"\r\n");
            return parts;
        }
        body = body.strip_prefix(b"\r\n").expect("the end of the delimiter's line");
        let mut head = Vec::new();
        loop {
            let end = body.windows(2).position(|two| two == b"\r\n").expect("the end of a line of the head");
            let (line, rest) = body.split_at(end);
            body = &rest[2..];
            if line.is_empty() {
                break;
            }
            head.push(line.to_vec());
        }
        let next = [b"\r\n", delimiter].concat();
        let end = body.windows(next.len()).position(|part| part == next).expect("the end of a content");
        parts.push((head, body[..end].to_vec()));
        body = &body[end + 2..];
    }
}
