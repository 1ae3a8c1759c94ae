//! A script as its file says it. `README.md` explains the words.

use crate::bytes::{coded, from_hex, hex, size, unescape};
use hs_test_server::TestServer;
use serde_json::{Map, Value, json};
use std::path::Path;

/// The most that a script may make the client grow by, unless it says otherwise.
const MEMORY_KIB: u64 = 16 << 10;

#[derive(Default)]
pub struct Script {
    /// `file: name`
    pub name: String,
    /// Where the calls go; `{script}` until the port of the script is known.
    pub url: String,
    /// What is installed at the test server; the last list of `connections` is being filled.
    pub listen: &'static str,
    pub alpn: Vec<String>,
    pub connections: Vec<Vec<Value>>,
    pub calls: Vec<Call>,
    /// How many connections the calls are to have taken.
    pub taken: Option<u64>,
    pub memory_kib: u64,
    /// Of what kind its worker is: "cookies" or "proxy"; empty: the one that the scripts share.
    pub worker: &'static str,
    /// The body is read with `hs_response_read`.
    pub stream: bool,
}

/// One request of the client and what is to come of it.
pub struct Call {
    pub request: Value,
    pub expected: Expected,
}

#[derive(Clone, Default)]
pub struct Expected {
    /// Names of statuses, or the number of an HTTP status; any of them will do.
    pub any_of: Vec<String>,
    pub sent: Option<String>,
    pub length: Option<u64>,
    /// How many header fields.
    pub fields: Option<u64>,
    pub body: Option<Vec<u8>>,
}

/// A script before its parts and values are multiplied out.
struct Block<'a> {
    name: String,
    lines: Vec<&'a str>,
}

/// Every script of every file, once for a body that comes with the response and once for one that is read from it, and
/// how many files there were.
pub fn all(server: &TestServer) -> (usize, Vec<Script>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile/scripts");
    let mut paths: Vec<_> = std::fs::read_dir(&folder).expect("the scripts").map(|file| file.unwrap().path()).collect();
    paths.sort();
    let mut scripts = Vec::new();
    for path in &paths {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).unwrap();
        let at = server.addresses();
        let text = text.replace("{http}", &at.http).replace("{https}", &at.https).replace("{closed}", &at.closed);
        let text = text.replace("{plain}", at.http.trim_start_matches("http://"));
        for (how, stream) in [("", false), (" (stream)", true)] {
            for block in blocks(&text) {
                let name = format!("{stem}{how}: {}", block.name);
                let several = multiplied(&name, &block.lines).unwrap_or_else(|why| panic!("{name}: {why}"));
                scripts.extend(several.into_iter().map(|script| Script { stream, ..script }));
            }
        }
    }
    (paths.len(), scripts)
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.trim().starts_with('#')) {
        match blocks.last_mut() {
            Some(block) if line.starts_with(' ') => block.lines.push(line.trim()),
            _ => blocks.push(Block { name: line.trim().to_owned(), lines: Vec::new() }),
        }
    }
    blocks
}

/// One script for each value of `each`, and for each byte of the `part`s.
fn multiplied(name: &str, lines: &[&str]) -> Result<Vec<Script>, String> {
    let (values, lines): (Vec<&str>, Vec<&str>) = lines.iter().partition(|line| line.starts_with("each "));
    let mut scripts = Vec::new();
    if values.is_empty() {
        return cut(name, &lines);
    }
    for value in values {
        let value = &value[5..];
        let lines: Vec<String> = lines.iter().map(|line| line.replace("{}", value)).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        scripts.extend(cut(&format!("{name}: {value}"), &lines)?);
    }
    Ok(scripts)
}

fn cut(name: &str, lines: &[&str]) -> Result<Vec<Script>, String> {
    let (parts, lines): (Vec<&str>, Vec<&str>) = lines.iter().partition(|line| line.starts_with("part "));
    let mut sent = Vec::new();
    let mut scripts = Vec::new();
    for part in &parts {
        let (bytes, expected) = part[5..].split_once(" => ").ok_or("a part lacks its =>")?;
        for byte in unescape(bytes)? {
            sent.push(byte);
            let (send, expect) = (format!("send-hex {}", hex(&sent)), format!("expect {expected}"));
            let swapped = lines.iter().map(|line| if *line == "parts" { &send } else { *line });
            let lines: Vec<&str> = swapped.chain([expect.as_str()]).collect();
            scripts.push(parse(&format!("{name}: {} bytes", sent.len()), &lines)?);
        }
    }
    if parts.is_empty() { parse(name, &lines).map(|script| vec![script]) } else { Ok(scripts) }
}

fn parse(name: &str, lines: &[&str]) -> Result<Script, String> {
    let mut script = Script { name: name.to_owned(), listen: "tcp", memory_kib: MEMORY_KIB, ..Script::default() };
    let (mut scheme, mut path, mut url) = (None, "/", None);
    let mut request = Map::new();
    // The lists that steps go to: a loop opens one within another.
    let mut lists: Vec<Vec<Value>> = vec![Vec::new()];
    for line in lines {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        if let Some(step) = step(verb, rest)? {
            lists.last_mut().unwrap().push(step);
            continue;
        }
        match verb {
            "drip" => {
                let (interval, bytes) = rest.split_once(' ').ok_or("drip MS BYTES")?;
                for byte in unescape(bytes)? {
                    let pause = json!({ "sleep_ms": size(interval)? });
                    lists.last_mut().unwrap().extend([json!({ "send_hex": hex(&[byte]) }), pause]);
                }
            }
            "loop" => lists.push(Vec::new()),
            "end" => {
                let steps = lists.pop().unwrap();
                lists.last_mut().ok_or("end without loop")?.push(json!({ "loop": steps }));
            }
            "next-connection" => script.connections.append(&mut std::mem::replace(&mut lists, vec![Vec::new()])),
            "listen" => script.listen = if rest == "tls" { "tls" } else { "tcp" },
            "alpn" => script.alpn.push(rest.to_owned()),
            "worker" => {
                let kinds = ["cookies", "proxy"];
                script.worker = kinds.into_iter().find(|kind| kind == &rest).ok_or("a worker is cookies or proxy")?;
            }
            "scheme" => scheme = Some(rest),
            "path" => path = rest,
            "url" => url = Some(rest),
            "with" => {
                for (name, value) in rest.split(' ').filter_map(|word| word.split_once('=')) {
                    request.insert(name.to_owned(), value.parse::<u64>().map_or(value.into(), Value::from));
                }
            }
            "expect" => {
                script.calls.push(Call { request: Value::Object(request.clone()), expected: expected(rest)? });
                request.remove("tell");
                request.remove("after");
            }
            "count" => lists.last_mut().unwrap().push(json!({ "count": counter(name, rest) })),
            "await" => {
                lists.last_mut().unwrap().push(json!({ "wait": { "key": counter(name, rest), "at_least": 1 } }));
            }
            "tell" => {
                request.insert(String::from("tell"), counter(name, rest).into());
            }
            "after" => {
                request.insert(String::from("after"), counter(name, rest).into());
            }
            "connections" => script.taken = Some(size(rest)? as u64),
            "memory" => script.memory_kib = (size(rest)? >> 10) as u64,
            _ => return Err(format!("{verb} is no word of a script")),
        }
    }
    script.connections.append(&mut lists);
    let scheme = scheme.unwrap_or(if script.listen == "tls" { "https" } else { "http" });
    script.url = url.map_or(format!("{scheme}://{{script}}{path}"), str::to_owned);
    if script.calls.is_empty() { Err("nothing is expected".into()) } else { Ok(script) }
}

/// The counter of a script at the test server.
fn counter(script: &str, name: &str) -> String {
    format!("{script} {name}").replace(|letter: char| !letter.is_ascii_alphanumeric(), "-")
}

fn step(verb: &str, rest: &str) -> Result<Option<Value>, String> {
    Ok(Some(match (verb, rest) {
        ("read", "") => json!({ "read": "request" }),
        ("read", "head") => json!({ "read": "head" }),
        ("take", _) => json!({ "read_bytes": size(rest)? }),
        ("take-until", _) => {
            let text = String::from_utf8(unescape(rest)?).map_err(|_| format!("{rest} is no text"))?;
            json!({ "read_until": text })
        }
        ("send", _) => json!({ "send_hex": hex(&unescape(rest)?) }),
        ("send-hex", _) => json!({ "send_hex": hex(&from_hex(rest)) }),
        ("send-raw", _) => json!({ "send_raw_hex": hex(&unescape(rest)?) }),
        ("send-coded", _) => json!({ "send_hex": hex(&coded(rest)?) }),
        ("times", _) => {
            let (times, bytes) = rest.split_once(' ').ok_or("times N BYTES")?;
            json!({ "repeat": { "send_hex": hex(&unescape(bytes)?), "times": size(times)? } })
        }
        ("forever", _) => json!({ "repeat": { "send_hex": hex(&unescape(rest)?) } }),
        ("forever-every", _) => {
            let (interval, bytes) = rest.split_once(' ').ok_or("forever-every MS BYTES")?;
            json!({ "repeat": { "send_hex": hex(&unescape(bytes)?), "interval_ms": size(interval)? } })
        }
        ("frame", _) => {
            let frame: Value = serde_json::from_str(rest).map_err(|error| format!("frame {rest}: {error}"))?;
            json!({ "send_frame": frame })
        }
        ("read-frame", _) => json!({ "read_frame": rest }),
        ("sleep", _) => json!({ "sleep_ms": size(rest)? }),
        ("half-close", "") => json!({ "half_close": true }),
        ("close", "") => json!({ "close": true }),
        ("close", "abrupt") => json!({ "close": "abrupt" }),
        ("reset", "") => json!({ "reset": true }),
        ("stall", "") => json!({ "stall": true }),
        ("stall", "unread") => json!({ "stall": "unread" }),
        _ => return Ok(None),
    }))
}

/// `STATUS|STATUS sent=yes length=N : body`
fn expected(text: &str) -> Result<Expected, String> {
    let (facts, body) = text.split_once(" : ").map_or((text, None), |(facts, body)| (facts, Some(body)));
    let mut words = facts.split(' ');
    let any_of = words.next().unwrap_or_default().split('|').map(str::to_owned).collect();
    let mut expected = Expected { any_of, body: body.map(unescape).transpose()?, ..Expected::default() };
    for word in words {
        match word.split_once('=') {
            Some(("sent", value)) => expected.sent = Some(value.to_owned()),
            Some(("length", value)) => expected.length = Some(size(value)? as u64),
            Some(("fields", value)) => expected.fields = Some(size(value)? as u64),
            _ => return Err(format!("{word} cannot be expected")),
        }
    }
    Ok(expected)
}
