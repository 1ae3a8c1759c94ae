//! The bytes of a script: escapes, and bodies in content codings.

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use std::io::Write;

/// `\r \n \t \0 \\ \xHH`; all else is itself.
pub fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut rest = text.chars();
    while let Some(letter) = rest.next() {
        if letter != '\\' {
            bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        bytes.push(match rest.next() {
            Some('r') => b'\r',
            Some('n') => b'\n',
            Some('t') => b'\t',
            Some('0') => 0,
            Some('\\') => b'\\',
            Some('x') => {
                let digits: String = rest.by_ref().take(2).collect();
                u8::from_str_radix(&digits, 16).map_err(|_| format!("\\x{digits} is no byte"))?
            }
            other => return Err(format!("\\{} is no escape", other.unwrap_or(' '))),
        });
    }
    Ok(bytes)
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn from_hex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// `4M`, `64k`, `12`.
pub fn size(text: &str) -> Result<usize, String> {
    let (digits, unit) = match text.strip_suffix(['k', 'M']) {
        Some(digits) => (digits, if text.ends_with('k') { 1 << 10 } else { 1 << 20 }),
        None => (text, 1),
    };
    digits.parse::<usize>().map(|count| count * unit).map_err(|_| format!("{text} is no size"))
}

/// `CODINGS zeros SIZE` or `CODINGS text BYTES`, then perhaps `| drop N`, `| flip N` (from the end) and `| add BYTES`.
pub fn coded(text: &str) -> Result<Vec<u8>, String> {
    let mut parts = text.split(" | ");
    let source = parts.next().unwrap_or_default();
    let [codings, kind, value] = words(source)?;
    let mut bytes = match kind {
        "zeros" => vec![0; size(value)?],
        "text" => unescape(value)?,
        _ => return Err(format!("{kind} is not zeros or text")),
    };
    for coding in codings.split(',') {
        bytes = encode(coding, &bytes)?;
    }
    for part in parts {
        let (verb, value) = part.split_once(' ').ok_or(format!("{part} lacks its value"))?;
        match verb {
            "drop" => bytes.truncate(bytes.len() - size(value)?),
            "flip" => {
                let at = bytes.len() - 1 - size(value)?;
                bytes[at] ^= 0xff;
            }
            "add" => bytes.extend(unescape(value)?),
            _ => return Err(format!("{verb} is not drop, flip or add")),
        }
    }
    Ok(bytes)
}

fn words(text: &str) -> Result<[&str; 3], String> {
    let found: Vec<&str> = text.splitn(3, ' ').collect();
    found.try_into().map_err(|_| format!("{text} is not three words"))
}

fn encode(coding: &str, bytes: &[u8]) -> Result<Vec<u8>, String> {
    let coded = match coding {
        "gzip" => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(bytes).and_then(|()| encoder.finish())
        }
        "deflate" => {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(bytes).and_then(|()| encoder.finish())
        }
        "br" => {
            let mut coded = Vec::new();
            let parameters = brotli::enc::BrotliEncoderParams { quality: 5, ..Default::default() };
            brotli::BrotliCompress(&mut &bytes[..], &mut coded, &parameters).map(|_| coded)
        }
        "zstd" => zstd::bulk::Compressor::new(3).and_then(|mut encoder| {
            encoder.include_checksum(true)?;
            encoder.compress(bytes)
        }),
        _ => return Err(format!("{coding} is no coding")),
    };
    coded.map_err(|error| format!("{coding}: {error}"))
}
