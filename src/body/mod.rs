//! Where the bytes of a response body go: decoders, limits, then a sink.

pub mod decode;
pub mod multipart;
pub mod pipe;

use crate::error::Error;
use crate::status::{HS_ERR_BODY_TOO_LARGE, HS_ERR_CALLBACK};
use decode::{Coding, Decoder, PIECE};

/// The caller's answer to a piece of the body: go on, or the reason to stop.
pub type OnBody<'a> = dyn FnMut(&[u8]) -> Result<(), i32> + 'a;

/// Takes the body over as it comes.
pub enum Sink<'a> {
    /// The response owns the whole body.
    Buffer(Vec<u8>),
    /// Each piece is handed to the caller and forgotten; whether one was.
    Callback(&'a mut OnBody<'a>, bool),
}

impl<'a> Sink<'a> {
    pub fn callback(on_body: &'a mut OnBody<'a>) -> Sink<'a> {
        Sink::Callback(on_body, false)
    }

    pub fn take(&mut self, bytes: Vec<u8>) -> Result<(), Error> {
        match self {
            // The first piece is taken over, not copied: most bodies have no second.
            Sink::Buffer(body) if body.is_empty() => *body = bytes,
            Sink::Buffer(body) => body.extend_from_slice(&bytes),
            Sink::Callback(on_body, begun) => {
                *begun = true;
                on_body(&bytes).map_err(|reason| {
                    Error::new(HS_ERR_CALLBACK, format!("the body callback returned {reason} and stopped the call"))
                })?;
            }
        }
        Ok(())
    }

    /// The body of another response begins: nothing is left of the one before.
    pub fn begin(&mut self) {
        if let Sink::Buffer(body) = self {
            body.clear();
        }
    }

    /// The caller has had bytes, which nobody can take back.
    pub fn is_committed(&self) -> bool {
        matches!(self, Sink::Callback(_, true))
    }

    /// What the response keeps of the body.
    pub fn take_body(&mut self) -> Vec<u8> {
        match self {
            Sink::Buffer(body) => std::mem::take(body),
            Sink::Callback(..) => Vec::new(),
        }
    }
}

/// Turns what was received into what is handed on, a bounded piece at a time.
pub struct Pipeline {
    decoder: Decoder,
    /// How many bytes may come out of it.
    limit: u64,
    delivered: u64,
    /// Received and not yet decoded, from `decoded` on.
    raw: Vec<u8>,
    decoded: usize,
}

/// More came than there is room for; travels through the decoders as an I/O error.
#[derive(Debug)]
struct Excess;

impl std::fmt::Display for Excess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("too large")
    }
}

impl std::error::Error for Excess {}

impl Pipeline {
    /// For a body to which these codings were applied, in this order.
    pub fn new(codings: &[Coding], limit: u64) -> Result<Self, Error> {
        Ok(Pipeline { decoder: Decoder::new(codings)?, limit, delivered: 0, raw: Vec::new(), decoded: 0 })
    }

    /// Refuses what the server announces to be too large before a byte of it is received.
    pub fn expect(&self, announced: Option<u64>) -> Result<(), Error> {
        match announced {
            Some(length) if length > self.limit => Err(too_large(self.limit, &format!("announced {length} bytes"))),
            _ => Ok(()),
        }
    }

    /// Takes received bytes in; `pull` until there is nothing left before the next.
    pub fn push(&mut self, bytes: Vec<u8>) {
        debug_assert!(self.decoded == self.raw.len(), "the last bytes were not pulled");
        (self.raw, self.decoded) = (bytes, 0);
    }

    /// The next piece to hand on; `None` where more must be received first.
    pub fn pull(&mut self) -> Result<Option<Vec<u8>>, Error> {
        while self.decoded < self.raw.len() {
            let piece = if self.decoder.is_idle() {
                std::mem::take(&mut self.raw)
            } else {
                let until = self.raw.len().min(self.decoded + PIECE);
                let piece = self.decoder.decode(&self.raw[self.decoded..until], self.limit)?;
                self.decoded = until;
                piece
            };
            self.delivered += piece.len() as u64;
            if self.delivered > self.limit {
                return Err(too_large(self.limit, "sent more"));
            }
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }

    /// The body has ended: every coding must have ended too.
    pub fn finish(&mut self) -> Result<(), Error> {
        self.decoder.finish()
    }
}

pub fn too_large(limit: u64, how: &str) -> Error {
    let message = format!("the body is too large: the limit is {limit} bytes and the server {how}");
    Error::new(HS_ERR_BODY_TOO_LARGE, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drained(pipeline: &mut Pipeline, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        pipeline.push(bytes.to_vec());
        let mut all = Vec::new();
        while let Some(piece) = pipeline.pull()? {
            all.extend(piece);
        }
        Ok(all)
    }

    #[test]
    fn everything_up_to_the_limit_passes() {
        let mut pipeline = Pipeline::new(&[], 5).unwrap();
        pipeline.expect(Some(5)).unwrap();
        assert_eq!(drained(&mut pipeline, b"abc").unwrap(), b"abc");
        assert_eq!(drained(&mut pipeline, b"de").unwrap(), b"de");
        pipeline.finish().unwrap();
    }

    #[test]
    fn one_byte_more_is_an_error_announced_or_not() {
        let mut pipeline = Pipeline::new(&[], 5).unwrap();
        assert_eq!(pipeline.expect(Some(6)).unwrap_err().status(), HS_ERR_BODY_TOO_LARGE);
        drained(&mut pipeline, b"abcde").unwrap();
        assert_eq!(drained(&mut pipeline, b"f").unwrap_err().status(), HS_ERR_BODY_TOO_LARGE);
    }

    #[test]
    fn a_coded_body_comes_in_bounded_pieces() {
        let zeros = vec![0; 900_000];
        let coded = zstd::encode_all(&zeros[..], 1).unwrap();
        let mut pipeline = Pipeline::new(&[Coding::Zstd], u64::MAX).unwrap();
        assert_eq!(drained(&mut pipeline, &coded).unwrap(), zeros);
        pipeline.finish().unwrap();
    }

    #[test]
    fn a_callback_can_stop_the_call_with_its_own_number() {
        let mut seen = Vec::new();
        let mut on_body = |bytes: &[u8]| {
            seen.extend_from_slice(bytes);
            if seen.len() < 4 { Ok(()) } else { Err(42) }
        };
        let mut sink = Sink::callback(&mut on_body);
        sink.take(b"ab".to_vec()).unwrap();
        let error = sink.take(b"cd".to_vec()).unwrap_err();
        assert_eq!(error.status(), HS_ERR_CALLBACK);
        assert!(error.to_string().contains("42"));
        assert!(sink.is_committed());
        assert_eq!(sink.take_body(), b"");
        assert_eq!(seen, b"abcd");
    }
}
