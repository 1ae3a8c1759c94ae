use super::*;
use proptest::prelude::*;

fn entry(line: &str) -> Entry {
    parse(line.as_bytes(), 7).unwrap_or_else(|refused| panic!("{line}: {}", refused.why))
}

/// Refused with that in its message; the id as it was written, or nothing where it has none.
fn refused(line: impl AsRef<[u8]>, id: Option<&str>, why: &str) {
    let line = line.as_ref();
    let shown = line[..line.len().min(100)].escape_ascii();
    let refused = parse(line, 7).expect_err(&shown.to_string());
    assert!(refused.why.contains(why), "{shown}: {}", refused.why);
    assert_eq!(refused.id.as_ref().map(|id| &*id.raw), id, "{shown}");
}

#[test]
fn a_url_is_enough() {
    let got = entry(r#"{"url": "http://a/"}"#);
    assert_eq!((got.url.as_str(), got.method.as_str(), got.timeout_ms, got.max_retries), ("http://a/", "", 0, None));
    assert_eq!((got.headers, got.body, got.id), (vec![], vec![], Id::of_line(7)));
}

#[test]
fn everything() {
    let got = entry(
        r#" {"max_retries":0,"timeout_ms":5,"body":"é\n","headers":[["A","1"],["A","2"]],"method":"PUT","url":"u","id":"x"} "#,
    );
    assert_eq!((got.method.as_str(), got.timeout_ms, got.max_retries), ("PUT", 5, Some(0)));
    assert_eq!(got.headers, [("A".into(), "1".into()), ("A".into(), "2".into())]);
    assert_eq!((got.body, &*got.id.raw), ("é\n".as_bytes().to_vec(), "\"x\""));
    assert_eq!(entry(r#"{"url":"u","headers":{"A":"1","B":""}}"#).headers.len(), 2);
    assert_eq!(entry(r#"{"url":"u","body_base64":"AP8="}"#).body, [0, 255]);
}

#[test]
fn null_is_as_if_it_were_not_there() {
    let got = entry(
        r#"{"url":"u","id":null,"method":null,"headers":null,"body":null,"body_base64":"","timeout_ms":null,"max_retries":null}"#,
    );
    assert_eq!((got.id, got.body.len(), got.max_retries), (Id::of_line(7), 0, None));
    refused(r#"{"url":null}"#, Some("7"), "url is missing");
}

#[test]
fn ids_are_kept_as_they_were_written() {
    for (raw, meaning) in [
        (r#""a""#, "sa"),
        (r#""\u0061""#, "sa"),
        (r#""1""#, "s1"),
        ("1", "n1"),
        ("-0", "n-0"),
        ("1e400", "n1e400"),
        ("123456789012345678901234567890", "n123456789012345678901234567890"),
        (r#""""#, "s"),
        (r#""\u0000""#, "s\0"),
    ] {
        let id = entry(&format!(r#"{{"url":"u","id":{raw}}}"#)).id;
        assert_eq!((&*id.raw, id.meaning.as_str()), (raw, meaning));
    }
    for id in ["true", "[1]", "{}"] {
        refused(format!(r#"{{"url":"u","id":{id}}}"#), None, "id must be");
    }
    refused(format!(r#"{{"url":"u","id":"{}"}}"#, "x".repeat(5000)), None, "at most 4096");
    refused(r#"{"url":"u","id":"\ud800"}"#, None, "id");
}

#[test]
fn what_is_not_json() {
    for line in
        ["{", "nonsense", r#"{"url":"u"} x"#, r#"{"url":"u",}"#, "{'url':'u'}", r#"{"url":"a	b"}"#, "\u{feff}{}"]
    {
        refused(line, None, "not JSON");
    }
    for line in ["[]", "1", "null", r#""url""#] {
        refused(line, None, "not an object");
    }
    refused(b"{\"url\":\"\xff\"}", None, "not UTF-8: the byte at 9");
    refused("\0", None, "not JSON");
    refused("[".repeat(1_000_000), None, "not an object");
    let deep = format!("{}1{}", r#"{"id":1,"x":"#.repeat(200_000), "}".repeat(200_000));
    refused(deep, Some("1"), "no key");
    refused(r#"{"url":"u","timeout_ms":1e}"#, None, "(column ");
}

#[test]
fn wrong_keys_are_named() {
    refused(r#"{"id":3,"url":"u","metod":"GET","other":1}"#, Some("3"), r#""metod" is no key"#);
    refused(r#"{"URL":"u"}"#, Some("7"), r#""URL""#);
    refused(r#"{"url":"u","url":"v","id":"a"}"#, Some(r#""a""#), r#""url" is twice"#);
    refused(r#"{"id":1,"url":"u","id":2}"#, Some("1"), r#""id" is twice"#);
    refused(format!(r#"{{"url":"u","{}\n":1}}"#, "k".repeat(1000)), Some("7"), "kkk…");
}

#[test]
fn wrong_types_are_named() {
    for (field, why) in [
        (r#""url":1"#, "url must be a string"),
        (r#""url":"u","method":["GET"]"#, "method must be a string"),
        (r#""url":"u","body":{}"#, "body must be a string"),
        (r#""url":"u","body":"","body_base64":"""#, "choose one"),
        (r#""url":"u","body_base64":"*""#, "not base64"),
        (r#""url":"u","body_base64":"AP8""#, "not base64"),
        (r#""url":"u","body":"\ud800""#, "body must be"),
        (r#""url":"u","headers":"A: b""#, "headers must be"),
        (r#""url":"u","headers":{"A":1}"#, "headers must be"),
        (r#""url":"u","headers":[1]"#, "headers must be"),
        (r#""url":"u","headers":{"A":"1","A":"2"}"#, "twice"),
        (r#""url":"u","headers":[["A"]]"#, "headers must be"),
        (r#""url":"u","headers":[["A","1","2"]]"#, "headers must be"),
        (r#""url":"u","timeout_ms":"5""#, "timeout_ms must be"),
        (r#""url":"u","timeout_ms":0"#, "from 1"),
        (r#""url":"u","timeout_ms":-1"#, "timeout_ms must be"),
        (r#""url":"u","timeout_ms":1.5"#, "timeout_ms must be"),
        (r#""url":"u","timeout_ms":1e999"#, "timeout_ms must be"),
        (r#""url":"u","timeout_ms":18446744073709551615"#, "from 1"),
        (r#""url":"u","timeout_ms":99999999999999999999999"#, "timeout_ms must be"),
        (r#""url":"u","max_retries":100"#, "from 0 to 99"),
        (r#""url":"u","max_retries":true"#, "max_retries must be"),
    ] {
        refused(format!("{{{field}}}"), Some("7"), why);
    }
}

#[test]
fn no_line_takes_many_times_its_memory() {
    let many = vec![r#"["a","b"]"#; 100_000].join(",");
    refused(format!(r#"{{"url":"u","headers":[{many}]}}"#), Some("7"), "more than 1000");
    let many = (0..2_000).map(|number| format!(r#""h{number}":"""#)).collect::<Vec<_>>().join(",");
    refused(format!(r#"{{"url":"u","headers":{{{many}}}}}"#), Some("7"), "more than 1000");
    assert_eq!(
        entry(&format!(r#"{{"url":"u","headers":[{}]}}"#, vec![r#"["a","b"]"#; 1000].join(","))).headers.len(),
        1000
    );
}

#[test]
fn messages_do_not_say_which_line_of_the_line() {
    for line in ["{\"url\":\"u\",\n\n?", r#"{"url":[]}"#] {
        let why = parse(line.as_bytes(), 7).unwrap_err().why;
        assert!(!why.contains("line"), "{why}");
    }
}

#[test]
fn messages_neither_repeat_values_nor_grow() {
    let secret = "Bearer-0123".repeat(1000);
    for line in [
        format!("\"{secret}\""),
        format!(r#"{{"url":"u","headers":"{secret}"}}"#),
        format!(r#"{{"url":"u","headers":{{"Authorization":["{secret}"]}}}}"#),
        format!(r#"{{"url":"u","headers":["{secret}"]}}"#),
        format!(r#"{{"url":"u","timeout_ms":"{secret}"}}"#),
        format!(r#"{{"url":["{secret}"]}}"#),
        format!(r#"{{"url":"u","body_base64":"{secret}*"}}"#),
        format!(r#"{{"url":"u","id":["{secret}"]}}"#),
        format!(r#"{{"url":"u","body":"{secret}"#),
    ] {
        let why = parse(line.as_bytes(), 7).expect_err(&line).why;
        assert!(!why.contains("Bearer") && why.len() < 200, "{why}");
    }
    let why = parse(format!(r#"{{"url":"u","{secret}":1}}"#).as_bytes(), 7).unwrap_err().why;
    assert!(why.len() < 200, "{why}");
}

/// Valid lines with bytes of them replaced, taken out and put in.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let whole = r#"{"id":"a\u00e9","url":"http://a/","method":"PUT","headers":[["A","1"],["B","2"]],"body":"x","timeout_ms":5,"max_retries":1}"#;
    let other = r#"{"id":-1.5e3,"url":"u","headers":{"A":"1"},"body_base64":"AP8=","timeout_ms":null}"#;
    let change = (any::<prop::sample::Index>(), prop::sample::select(b"{}[],:\"\\unl-eE.\n\0\xff ".to_vec()), 0..3);
    (prop::sample::select(vec![whole, other]), prop::collection::vec(change, 0..4)).prop_map(|(line, changes)| {
        let mut line = line.as_bytes().to_vec();
        for (at, byte, how) in changes {
            let at = at.index(line.len());
            match how {
                0 => line[at] = byte,
                1 => line.insert(at, byte),
                _ => drop(line.remove(at)),
            }
        }
        line
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// serde_json's own reading of the whole line agrees with what was taken of it.
    #[test]
    fn damaged_lines(line in damaged()) {
        let read: Option<serde_json::Value> = serde_json::from_slice(&line).ok();
        match parse(&line, 7) {
            Ok(entry) => {
                let read = read.expect("a line that was taken is JSON");
                prop_assert_eq!(read["url"].as_str(), Some(entry.url.as_str()));
                prop_assert_eq!(read["method"].as_str().unwrap_or_default(), entry.method);
                prop_assert_eq!(read["timeout_ms"].as_u64().unwrap_or(0), entry.timeout_ms);
                let count = read["headers"].as_array().map_or(0, Vec::len) + read["headers"].as_object().map_or(0, |fields| fields.len());
                prop_assert_eq!(count, entry.headers.len());
                let id = serde_json::from_str::<serde_json::Value>(&entry.id.raw);
                // A number that no f64 holds is an id all the same.
                prop_assert!(id.is_err() || read["id"].is_null() || id.unwrap() == read["id"]);
            }
            Err(refused) => prop_assert!(!refused.why.is_empty() && refused.why.len() < 300),
        }
    }
}
