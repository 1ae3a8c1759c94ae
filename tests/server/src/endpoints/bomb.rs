//! Small bodies that decode to huge ones. They are put together from one encoded mebibyte of zeros repeated, so a
//! bomb of any size costs next to nothing here.

use std::io::Write;

use bytes::Bytes;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use super::Call;
use super::encoding::{encode, wire_name};
use crate::reply::{self, Reply, ReplyExt};

const MIB: usize = 1 << 20;

/// `mb` mebibytes of zeros as raw deflate.
fn deflate_zeros(mb: usize) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    let _ = encoder.write_all(&[0; MIB]);
    // A flush ends at a byte boundary, and what lies before refers to nothing outside itself: it can be repeated.
    let _ = encoder.flush();
    let block = encoder.get_ref().clone();
    let mut bomb = block.repeat(mb);
    bomb.extend_from_slice(&[0x03, 0x00]);
    bomb
}

fn gzip_zeros(mb: usize) -> Vec<u8> {
    let (mut one, mut all) = (Crc::new(), Crc::new());
    one.update(&[0; MIB]);
    for _ in 0..mb {
        all.combine(&one);
    }
    let mut bomb = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 0xff];
    bomb.extend(deflate_zeros(mb));
    bomb.extend(all.sum().to_le_bytes());
    bomb.extend(((mb * MIB) as u32).to_le_bytes());
    bomb
}

fn zlib_zeros(mb: usize) -> Vec<u8> {
    // Adler-32 of zeros: the first sum stays 1, the second counts the bytes.
    let adler = ((mb * MIB % 65521) as u32) << 16 | 1;
    let mut bomb = vec![0x78, 0xda];
    bomb.extend(deflate_zeros(mb));
    bomb.extend(adler.to_be_bytes());
    bomb
}

/// One frame of blocks that each repeat a byte 128 Ki times.
fn zstd_zeros(mb: usize) -> Vec<u8> {
    const BLOCK: u32 = 128 << 10;
    const RLE: u32 = 1;
    // Magic, a header with neither size nor checksum, and a window of 1 MiB.
    let mut bomb = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50];
    let blocks = mb * MIB / BLOCK as usize;
    for nth in 0..blocks {
        let last = u32::from(nth + 1 == blocks);
        bomb.extend_from_slice(&(BLOCK << 3 | RLE << 1 | last).to_le_bytes()[..3]);
        bomb.push(0);
    }
    if blocks == 0 {
        bomb.extend_from_slice(&[1, 0, 0]);
    }
    bomb
}

/// The first mebibytes as the encoder gives them, and then the last of those again and again.
fn brotli_zeros(mb: usize) -> Vec<u8> {
    const PRIMED: usize = 3;
    let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
    let mut ends = Vec::new();
    for _ in 0..mb.min(PRIMED) {
        let _ = encoder.write_all(&[0; MIB]);
        let _ = encoder.flush();
        ends.push(encoder.get_ref().len());
    }
    let mut bomb = encoder.get_ref().clone();
    if let [.., before, last] = ends[..] {
        let block = bomb[before..last].to_vec();
        bomb.extend(block.repeat(mb.saturating_sub(PRIMED)));
    }
    // The stream header lies in the first piece; an empty last metablock ends it.
    if ends.is_empty() { encoder.into_inner() } else { [bomb, vec![0x03]].concat() }
}

fn zeros(coding: &str, mb: usize) -> Option<Vec<u8>> {
    Some(match coding {
        "gzip" | "x-gzip" => gzip_zeros(mb),
        "deflate" => zlib_zeros(mb),
        "deflate-raw" => deflate_zeros(mb),
        "br" => brotli_zeros(mb),
        "zstd" => zstd_zeros(mb),
        _ => return None,
    })
}

/// `/bomb/gzip` or `/bomb/gzip,br`: zeros by the first coding, then encoded by the others.
pub fn bomb(call: &Call, codings: &str) -> Reply {
    let mb: usize = call.query().number("mb").unwrap_or(100);
    if mb > 100 << 10 {
        return reply::bad_request("at most 100 GiB");
    }
    let codings: Vec<&str> = codings.split(',').collect();
    let Some(mut body) = zeros(codings[0], mb) else { return reply::bad_request("unknown coding") };
    for coding in &codings[1..] {
        match encode(coding, &body) {
            Some(Ok(encoded)) => body = encoded,
            _ => return reply::bad_request(format!("unknown coding {coding}")),
        }
    }
    let names: Vec<&str> = codings.iter().map(|coding| wire_name(coding)).collect();
    reply::bytes("application/octet-stream", Bytes::from(body)).with_header("content-encoding", &names.join(", "))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn decoded_zeros(coding: &str, body: &[u8]) -> usize {
        let mut decoder: Box<dyn Read> = match coding {
            "gzip" => Box::new(flate2::read::GzDecoder::new(body)),
            "deflate" => Box::new(flate2::read::ZlibDecoder::new(body)),
            "deflate-raw" => Box::new(flate2::read::DeflateDecoder::new(body)),
            "br" => Box::new(brotli::Decompressor::new(body, 4096)),
            _ => Box::new(zstd::Decoder::new(body).unwrap()),
        };
        let (mut piece, mut total) = (vec![1; MIB], 0);
        loop {
            match decoder.read(&mut piece).unwrap_or_else(|error| panic!("{coding}: {error}")) {
                0 => return total,
                size => {
                    assert!(piece[..size].iter().all(|byte| *byte == 0), "{coding}: not zeros");
                    total += size;
                }
            }
        }
    }

    #[test]
    fn bombs_decode_to_their_size() {
        for coding in ["gzip", "deflate", "deflate-raw", "br", "zstd"] {
            for mb in [0, 1, 2, 3, 4, 9] {
                let body = zeros(coding, mb).unwrap();
                assert_eq!(decoded_zeros(coding, &body), mb * MIB, "{coding} of {mb} MiB");
                assert!(body.len() < 64 + mb * 2048, "{coding} of {mb} MiB takes {}", body.len());
            }
        }
    }
}
