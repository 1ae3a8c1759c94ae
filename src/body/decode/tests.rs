use super::*;
use crate::http::headers::HeadLimits;
use crate::status::HS_ERR_BODY_TOO_LARGE;

const ALL: [Coding; 4] = [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd];

fn encoded(coding: Coding, bytes: &[u8]) -> Vec<u8> {
    match coding {
        Coding::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Default::default());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        Coding::Deflate => {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Default::default());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        Coding::Brotli => {
            let mut out = Vec::new();
            brotli::BrotliCompress(&mut &bytes[..], &mut out, &Default::default()).unwrap();
            out
        }
        Coding::Zstd => zstd::encode_all(bytes, 3).unwrap(),
    }
}

fn decoded(codings: &[Coding], pieces: &[&[u8]], limit: u64) -> Result<Vec<u8>, Error> {
    let mut decoder = Decoder::new(codings)?;
    let mut all = Vec::new();
    for piece in pieces {
        for piece in piece.chunks(PIECE) {
            all.extend(decoder.decode(piece, limit)?);
        }
    }
    decoder.finish()?;
    Ok(all)
}

#[test]
fn codings_on_top_of_each_other_come_in_any_pieces() {
    for inner in ALL {
        for outer in ALL {
            let packed = encoded(outer, &encoded(inner, b"hello"));
            let bytes: Vec<&[u8]> = packed.chunks(1).collect();
            assert_eq!(decoded(&[inner, outer], &bytes, u64::MAX).unwrap(), b"hello", "{inner:?} in {outer:?}");
        }
    }
}

fn text() -> Vec<u8> {
    (0..5000u32).flat_map(|number| format!("line {} of {}\n", number, number * 7919 % 1000).into_bytes()).collect()
}

#[test]
fn every_coding_comes_off_in_one_piece_and_byte_by_byte() {
    for coding in ALL {
        let packed = encoded(coding, &text());
        assert!(packed.len() < text().len() / 2);
        assert_eq!(decoded(&[coding], &[&packed], u64::MAX).unwrap(), text(), "{coding:?}");
        let bytes: Vec<&[u8]> = packed.chunks(1).collect();
        assert_eq!(decoded(&[coding], &bytes, u64::MAX).unwrap(), text(), "{coding:?}");
        assert_eq!(decoded(&[coding], &[&encoded(coding, b"")], u64::MAX).unwrap(), b"", "{coding:?}");
        assert_eq!(decoded(&[coding], &[], u64::MAX).unwrap(), b"", "no body, {coding:?}");
    }
}

#[test]
fn deflate_is_taken_with_and_without_its_wrapper() {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), Default::default());
    encoder.write_all(&text()).unwrap();
    let raw = encoder.finish().unwrap();
    assert_eq!(decoded(&[Coding::Deflate], &[&raw], u64::MAX).unwrap(), text());
}

#[test]
fn stacked_codings_come_off_last_first_and_members_follow_each_other() {
    let packed = encoded(Coding::Zstd, &encoded(Coding::Brotli, &encoded(Coding::Gzip, &text())));
    assert_eq!(decoded(&[Coding::Gzip, Coding::Brotli, Coding::Zstd], &[&packed], u64::MAX).unwrap(), text());
    for coding in [Coding::Gzip, Coding::Zstd] {
        let twice = [encoded(coding, b"one "), encoded(coding, b"two")].concat();
        assert_eq!(decoded(&[coding], &[&twice], u64::MAX).unwrap(), b"one two", "{coding:?}");
    }
}

#[test]
fn a_body_that_ends_early_or_is_garbage_is_an_error() {
    for coding in ALL {
        let packed = encoded(coding, &text());
        for cut in [1, packed.len() / 2, packed.len() - 1] {
            let error = decoded(&[coding], &[&packed[..cut]], u64::MAX).unwrap_err();
            assert_eq!(error.status(), HS_ERR_DECODE, "{coding:?} cut at {cut}");
        }
        let error = decoded(&[coding], &[b"\xff\xfe this is not coded at all"], u64::MAX).unwrap_err();
        assert_eq!(error.status(), HS_ERR_DECODE, "{coding:?}");
    }
}

#[test]
fn bombs_are_stopped_by_the_ratio_and_by_the_limit() {
    let zeros = vec![0; 8 << 20];
    for coding in ALL {
        let packed = encoded(coding, &zeros);
        let error = decoded(&[coding], &[&packed], u64::MAX).unwrap_err();
        assert_eq!(error.status(), HS_ERR_DECODE, "{coding:?}: {error}");
        assert!(error.to_string().contains("200 times"), "{coding:?}: {error}");
        let error = decoded(&[coding], &[&encoded(coding, &zeros[..5000])], 4999).unwrap_err();
        assert_eq!(error.status(), HS_ERR_BODY_TOO_LARGE, "{coding:?}: {error}");
        assert_eq!(decoded(&[coding], &[&encoded(coding, &zeros[..5000])], 5000).unwrap().len(), 5000);
    }
    // Inside of another coding, where the outer one looks harmless.
    let nested = encoded(Coding::Gzip, &encoded(Coding::Gzip, &zeros));
    assert_eq!(decoded(&[Coding::Gzip; 2], &[&nested], u64::MAX).unwrap_err().status(), HS_ERR_DECODE);
}

#[test]
fn the_header_says_what_to_take_off() {
    let of = |values: &[&str]| {
        let mut block = HeaderBlock::default();
        for value in values {
            let line = format!("Content-Encoding: {value}");
            block.push_line(line.as_bytes(), HeadLimits { bytes: 256, fields: 8 }).unwrap();
        }
        codings(&block)
    };
    assert_eq!(of(&[]).unwrap(), []);
    assert_eq!(of(&["identity, "]).unwrap(), []);
    assert_eq!(of(&["GZip", "br , x-gzip"]).unwrap(), [Coding::Gzip, Coding::Brotli, Coding::Gzip]);
    assert_eq!(of(&["gzip, exi"]).unwrap(), []);
    assert_eq!(of(&["gzip, gzip, gzip, gzip"]).unwrap_err().status(), HS_ERR_DECODE);
}
