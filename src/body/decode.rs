//! Content codings (RFC 9110, section 8.4.1): gzip, deflate, br and zstd, stacked, taken off as the bytes come. What a
//! server can make us produce is bounded: by the body's limit, and by a ratio to what it sent.

use super::Excess;
use crate::error::Error;
use crate::http::headers::HeaderBlock;
use crate::status::HS_ERR_DECODE;
use brotli_decompressor::DecompressorWriter;
use flate2::write::MultiGzDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use std::io::{self, Write};
use zstd::stream::raw::{Decoder as ZstdDecoder, InBuffer, Operation, OutBuffer};
use zstd::zstd_safe::DParameter;

/// What is asked for where the caller does not ask for anything himself.
pub const ACCEPT_ENCODING: &str = "gzip, deflate, br, zstd";

const MOST_CODINGS: usize = 3;
/// More than so many bytes for each one received is a bomb, once it is more than `BOMB_FROM` in all.
const MOST_PER_BYTE: u64 = 200;
const BOMB_FROM: u64 = 1 << 20;
/// The largest window that a zstd frame may ask for over HTTP (RFC 9659): 8 MiB.
const ZSTD_WINDOW_LOG: u32 = 23;
/// How much is decoded at a time.
pub(super) const PIECE: usize = 16 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

/// The codings of a body in the order in which they were applied; none where one of them is unknown, since then the
/// body is the caller's to decode.
pub fn codings(headers: &HeaderBlock) -> Result<Vec<Coding>, Error> {
    let mut found = Vec::new();
    for nth in 0.. {
        let Some(value) = headers.get(b"content-encoding", nth) else { break };
        for name in value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).filter(|name| !name.is_empty()) {
            found.push(match name.to_ascii_lowercase().as_slice() {
                b"identity" => continue,
                b"gzip" | b"x-gzip" => Coding::Gzip,
                b"deflate" => Coding::Deflate,
                b"br" => Coding::Brotli,
                b"zstd" => Coding::Zstd,
                _ => return Ok(Vec::new()),
            });
        }
    }
    if found.len() > MOST_CODINGS {
        let message = format!("the body has {} codings on top of each other: at most {MOST_CODINGS}", found.len());
        return Err(Error::new(HS_ERR_DECODE, message));
    }
    Ok(found)
}

/// Takes the codings off, the last one first.
pub struct Decoder {
    stages: Vec<Stage>,
    received: u64,
}

struct Stage {
    coding: Coding,
    machine: Machine,
    begun: bool,
}

enum Machine {
    Gzip(MultiGzDecoder<Bounded>),
    /// Not yet known whether the zlib wrapper is there: servers disagree about what "deflate" means.
    Deflate {
        machine: Option<Decompress>,
        ended: bool,
        out: Bounded,
    },
    Brotli(Box<DecompressorWriter<Bounded>>),
    Zstd {
        machine: ZstdDecoder<'static>,
        frame_ended: bool,
        out: Bounded,
    },
}

/// What a stage has produced and nobody has taken yet, and how much it may produce.
struct Bounded {
    bytes: Vec<u8>,
    produced: u64,
    room: u64,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.produced += bytes.len() as u64;
        if self.produced > self.room {
            return Err(io::Error::other(Excess));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Decoder {
    pub fn new(codings: &[Coding]) -> Result<Decoder, Error> {
        let stages = codings.iter().rev().map(|&coding| Stage::new(coding)).collect::<Result<_, _>>()?;
        Ok(Decoder { stages, received: 0 })
    }

    /// There is nothing to take off.
    pub fn is_idle(&self) -> bool {
        self.stages.is_empty()
    }

    /// Decodes a piece of at most `PIECE` bytes; `limit` is how much may come of all pieces.
    pub fn decode(&mut self, piece: &[u8], limit: u64) -> Result<Vec<u8>, Error> {
        self.received += piece.len() as u64;
        let by_ratio = BOMB_FROM.max(self.received.saturating_mul(MOST_PER_BYTE));
        let mut data = piece.to_vec();
        for stage in &mut self.stages {
            data = stage.decode(&data, limit, by_ratio)?;
        }
        Ok(data)
    }

    /// The body has ended: every coding must have ended too.
    pub fn finish(&mut self) -> Result<(), Error> {
        self.stages.iter_mut().try_for_each(Stage::finish)
    }
}

impl Stage {
    fn new(coding: Coding) -> Result<Stage, Error> {
        let out = Bounded { bytes: Vec::new(), produced: 0, room: 0 };
        let machine = match coding {
            Coding::Gzip => Machine::Gzip(MultiGzDecoder::new(out)),
            Coding::Deflate => Machine::Deflate { machine: None, ended: false, out },
            Coding::Brotli => Machine::Brotli(Box::new(DecompressorWriter::new(out, PIECE))),
            Coding::Zstd => {
                let mut machine = ZstdDecoder::new().map_err(|error| broken(coding, &error))?;
                let limited = machine.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG));
                limited.map_err(|error| broken(coding, &error))?;
                Machine::Zstd { machine, frame_ended: false, out }
            }
        };
        Ok(Stage { coding, machine, begun: false })
    }

    fn decode(&mut self, bytes: &[u8], limit: u64, by_ratio: u64) -> Result<Vec<u8>, Error> {
        self.begun |= !bytes.is_empty();
        self.out().room = limit.min(by_ratio);
        self.feed(bytes).map_err(|error| {
            let excess = error.get_ref().is_some_and(|inner| inner.is::<Excess>());
            match excess {
                false => broken(self.coding, &error),
                true if limit <= by_ratio => super::too_large(limit, "sent more, decoded"),
                true => {
                    let message = format!("the body grows to more than {MOST_PER_BYTE} times what was sent");
                    Error::new(HS_ERR_DECODE, message)
                }
            }
        })?;
        Ok(std::mem::take(&mut self.out().bytes))
    }

    fn out(&mut self) -> &mut Bounded {
        match &mut self.machine {
            Machine::Gzip(decoder) => decoder.get_mut(),
            Machine::Brotli(decoder) => decoder.get_mut(),
            Machine::Deflate { out, .. } | Machine::Zstd { out, .. } => out,
        }
    }

    fn feed(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.machine {
            Machine::Gzip(decoder) => decoder.write_all(bytes).and_then(|()| decoder.flush()),
            Machine::Brotli(decoder) => decoder.write_all(bytes).and_then(|()| decoder.flush()),
            Machine::Deflate { machine, ended, out } => inflate(machine, ended, out, bytes),
            Machine::Zstd { machine, frame_ended, out } => unzstd(machine, frame_ended, out, bytes),
        }
    }

    fn finish(&mut self) -> Result<(), Error> {
        // An empty body has no coding to end.
        if !self.begun {
            return Ok(());
        }
        let early = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let ended = match &mut self.machine {
            Machine::Gzip(decoder) => decoder.try_finish(),
            Machine::Brotli(decoder) => decoder.close(),
            Machine::Deflate { ended, .. } => ended.then_some(()).ok_or_else(early),
            Machine::Zstd { frame_ended, .. } => frame_ended.then_some(()).ok_or_else(early),
        };
        ended.map_err(|error| broken(self.coding, &error))
    }
}

fn broken(coding: Coding, error: &io::Error) -> Error {
    Error::new(HS_ERR_DECODE, format!("the body's {coding:?} coding is broken: {error}"))
}

fn inflate(machine: &mut Option<Decompress>, ended: &mut bool, out: &mut Bounded, bytes: &[u8]) -> io::Result<()> {
    let Some(&first) = bytes.first() else { return Ok(()) };
    // A zlib stream begins with a method of 8 in its low bits (RFC 1950); a raw one cannot, in practice.
    let machine = machine.get_or_insert_with(|| Decompress::new(first & 0x0f == 8));
    let mut left = bytes;
    let mut buffer = [0; PIECE];
    while !*ended {
        let (read, written) = (machine.total_in(), machine.total_out());
        let status = machine.decompress(left, &mut buffer, FlushDecompress::None).map_err(io::Error::other)?;
        left = &left[(machine.total_in() - read) as usize..];
        let produced = (machine.total_out() - written) as usize;
        out.write_all(&buffer[..produced])?;
        *ended = status == Status::StreamEnd;
        if left.is_empty() && produced < buffer.len() {
            break;
        }
    }
    if left.is_empty() { Ok(()) } else { Err(io::Error::new(io::ErrorKind::InvalidData, "bytes after its end")) }
}

fn unzstd(
    machine: &mut ZstdDecoder<'static>,
    frame_ended: &mut bool,
    out: &mut Bounded,
    bytes: &[u8],
) -> io::Result<()> {
    // Asked with nothing behind the end of a frame, the machine speaks of the next one.
    if bytes.is_empty() {
        return Ok(());
    }
    let mut input = InBuffer::around(bytes);
    let mut buffer = [0; PIECE];
    loop {
        let mut output = OutBuffer::around(&mut buffer[..]);
        *frame_ended = machine.run(&mut input, &mut output)? == 0;
        let produced = output.pos();
        out.write_all(&buffer[..produced])?;
        if input.pos() == bytes.len() && (produced < buffer.len() || *frame_ended) {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests;
