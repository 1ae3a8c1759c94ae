//! Where the bytes of a response body go: decoders, limits, then a sink.

pub mod decode;

use crate::error::Error;
use crate::http::headers::HeaderBlock;
use crate::status::{HS_ERR_BODY_TOO_LARGE, HS_ERR_CALLBACK};
use decode::{Decoder, codings};

/// The caller's answer to a piece of the body: go on, or the reason to stop.
pub type OnBody<'a> = dyn FnMut(&[u8]) -> Result<(), i32> + 'a;

pub enum Sink<'a> {
    /// The response owns the whole body.
    Buffer(Vec<u8>),
    /// Each piece is handed to the caller and forgotten.
    Callback(&'a mut OnBody<'a>),
}

pub struct Pipeline<'a> {
    decoder: Decoder,
    output: Output<'a>,
}

struct Output<'a> {
    sink: Sink<'a>,
    limit: u64,
    received: u64,
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

impl<'a> Pipeline<'a> {
    pub fn new(sink: Sink<'a>, limit: u64) -> Result<Self, Error> {
        Ok(Pipeline { decoder: Decoder::new(&[])?, output: Output { sink, limit, received: 0 } })
    }

    /// Prepares for the codings that the head names; returns how many there are.
    pub fn decode(&mut self, headers: &HeaderBlock) -> Result<u32, Error> {
        let codings = codings(headers)?;
        self.decoder = Decoder::new(&codings)?;
        Ok(codings.len() as u32)
    }

    /// Refuses what the server announces to be too large before a byte of it is received.
    pub fn expect(&self, announced: Option<u64>) -> Result<(), Error> {
        match announced {
            Some(length) if length > self.output.limit => {
                Err(too_large(self.output.limit, &format!("announced {length} bytes")))
            }
            _ => Ok(()),
        }
    }

    pub fn push(&mut self, bytes: Vec<u8>) -> Result<(), Error> {
        let output = &mut self.output;
        self.decoder.push(bytes, output.limit, |bytes| output.push(bytes))
    }

    /// The body has ended.
    pub fn finish(mut self) -> Result<Vec<u8>, Error> {
        self.decoder.finish()?;
        Ok(match self.output.sink {
            Sink::Buffer(body) => body,
            Sink::Callback(_) => Vec::new(),
        })
    }
}

impl Output<'_> {
    fn push(&mut self, bytes: Vec<u8>) -> Result<(), Error> {
        self.received += bytes.len() as u64;
        if self.received > self.limit {
            return Err(too_large(self.limit, "sent more"));
        }
        match &mut self.sink {
            // The first piece is taken over, not copied: most bodies have no second.
            Sink::Buffer(body) if body.is_empty() => *body = bytes,
            Sink::Buffer(body) => body.extend_from_slice(&bytes),
            Sink::Callback(on_body) => on_body(&bytes).map_err(|reason| {
                Error::new(HS_ERR_CALLBACK, format!("the body callback returned {reason} and stopped the call"))
            })?,
        }
        Ok(())
    }
}

fn too_large(limit: u64, how: &str) -> Error {
    let message = format!("the body is too large: the limit is {limit} bytes and the server {how}");
    Error::new(HS_ERR_BODY_TOO_LARGE, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_takes_everything_up_to_the_limit() {
        let mut pipeline = Pipeline::new(Sink::Buffer(Vec::new()), 5).unwrap();
        pipeline.expect(Some(5)).unwrap();
        pipeline.push(b"abc".to_vec()).unwrap();
        pipeline.push(b"de".to_vec()).unwrap();
        assert_eq!(pipeline.finish().unwrap(), b"abcde");
    }

    #[test]
    fn one_byte_more_is_an_error_announced_or_not() {
        let mut pipeline = Pipeline::new(Sink::Buffer(Vec::new()), 5).unwrap();
        assert_eq!(pipeline.expect(Some(6)).unwrap_err().status(), HS_ERR_BODY_TOO_LARGE);
        pipeline.push(b"abcde".to_vec()).unwrap();
        assert_eq!(pipeline.push(b"f".to_vec()).unwrap_err().status(), HS_ERR_BODY_TOO_LARGE);
    }

    #[test]
    fn a_callback_can_stop_the_call_with_its_own_number() {
        let mut seen = Vec::new();
        let mut on_body = |bytes: &[u8]| {
            seen.extend_from_slice(bytes);
            if seen.len() < 4 { Ok(()) } else { Err(42) }
        };
        let mut pipeline = Pipeline::new(Sink::Callback(&mut on_body), u64::MAX).unwrap();
        pipeline.push(b"ab".to_vec()).unwrap();
        let error = pipeline.push(b"cd".to_vec()).unwrap_err();
        assert_eq!(error.status(), HS_ERR_CALLBACK);
        assert!(error.to_string().contains("42"));
        drop(pipeline);
        assert_eq!(seen, b"abcd");
    }
}
