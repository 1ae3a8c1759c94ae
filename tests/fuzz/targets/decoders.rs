//! Bodies and their codings. Three bytes say how (which codings, whether they are put on first, the limit), the next one
//! into what pieces the body is cut, and the rest is the body.

#![no_main]

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use http_sentinel::fuzzing::{Coding, Pipeline};
use libfuzzer_sys::fuzz_target;
use std::io::Write;

const NO_LIMIT: u64 = 1 << 40;
/// From here on a body may be called a bomb.
const BOMB_FROM: u64 = 1 << 20;

fuzz_target!(|data: &[u8]| {
    let Some((&[chosen, how, limit, piece], body)) = data.split_first_chunk::<4>() else { return };
    let codings: Vec<Coding> = (0..chosen % 4).map(|at| coding(chosen >> (2 + 2 * at))).collect();
    let piece = usize::from(piece) + 1;
    if how % 2 == 0 {
        let limit = if limit == 0 { NO_LIMIT } else { u64::from(limit) * 64 };
        takes_anything(&codings, body, limit, piece);
    } else {
        let coded = codings.iter().fold(body.to_vec(), |body, coding| encoded(*coding, how, &body));
        let outcome = decoded(&codings, coded.chunks(piece), NO_LIMIT);
        assert_eq!(outcome.expect("what was coded is decoded"), body, "{codings:?}");
        if coded.len() > 1 && !codings.is_empty() {
            let cut = decoded(&codings, [&coded[..coded.len() - 1]].into_iter(), NO_LIMIT);
            assert!(cut.is_err(), "a body without its end passes: {codings:?}");
        }
    }
});

/// Never more than the limits, and the same in whatever pieces it comes.
fn takes_anything(codings: &[Coding], body: &[u8], limit: u64, piece: usize) {
    let whole = decoded(codings, [body].into_iter(), limit);
    let pieces = decoded(codings, body.chunks(piece), limit);
    match (&whole, &pieces) {
        (Ok(whole), Ok(pieces)) => assert_eq!(whole, pieces),
        (Err(_), Err(_)) => {}
        _ => panic!("it depends on the pieces: {whole:?} and {pieces:?} by {piece}"),
    }
}

/// The decoded body, or the error's text; how much came before the error is checked as well.
fn decoded<'a>(codings: &[Coding], body: impl Iterator<Item = &'a [u8]>, limit: u64) -> Result<Vec<u8>, String> {
    let mut pipeline = Pipeline::new(codings, limit).expect("decoders can be made");
    let (mut all, mut received) = (Vec::new(), 0);
    for piece in body {
        received += piece.len() as u64;
        pipeline.push(piece.to_vec());
        while let Some(piece) = pipeline.pull().map_err(clean)? {
            assert!(!piece.is_empty());
            all.extend(piece);
            let most = if codings.is_empty() { limit } else { limit.min(BOMB_FROM.max(received * 200)) };
            assert!(all.len() as u64 <= most, "{} of {most} bytes", all.len());
        }
    }
    pipeline.finish().map_err(clean)?;
    Ok(all)
}

fn clean(error: http_sentinel::fuzzing::Error) -> String {
    let message = error.to_string();
    assert!(!message.chars().any(char::is_control), "{message:?}");
    message
}

fn coding(number: u8) -> Coding {
    [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd][usize::from(number % 4)]
}

fn encoded(coding: Coding, how: u8, body: &[u8]) -> Vec<u8> {
    let level = Compression::new(u32::from(how >> 1) % 10);
    match coding {
        Coding::Gzip if how & 64 != 0 => {
            // Two members, as from programs that append.
            let (first, second) = body.split_at(body.len() / 2);
            [gzip(first, level), gzip(second, level)].concat()
        }
        Coding::Gzip => gzip(body, level),
        Coding::Deflate if how & 64 != 0 && !looks_like_zlib(body, level) => raw_deflate(body, level),
        Coding::Deflate => {
            let mut encoder = ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(body).unwrap();
            encoder.finish().unwrap()
        }
        Coding::Brotli => {
            let mut coded = Vec::new();
            let settings = brotli::enc::BrotliEncoderParams { quality: i32::from(how >> 1) % 10, ..Default::default() };
            brotli::BrotliCompress(&mut &body[..], &mut coded, &settings).unwrap();
            coded
        }
        Coding::Zstd => zstd::encode_all(body, i32::from(how >> 1) % 10).unwrap(),
    }
}

fn gzip(body: &[u8], level: Compression) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), level);
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn raw_deflate(body: &[u8], level: Compression) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), level);
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// By its first byte nobody can tell such a stream from a wrapped one.
fn looks_like_zlib(body: &[u8], level: Compression) -> bool {
    raw_deflate(body, level)[0] & 0x0f == 8
}
