//! Where the bytes of a response body go: limits, then a sink.

use crate::error::Error;
use crate::status::{HS_ERR_BODY_TOO_LARGE, HS_ERR_CALLBACK};

/// The caller's answer to a piece of the body: go on, or the reason to stop.
pub type OnBody<'a> = dyn FnMut(&[u8]) -> Result<(), i32> + 'a;

pub enum Sink<'a> {
    /// The response owns the whole body.
    Buffer(Vec<u8>),
    /// Each piece is handed to the caller and forgotten.
    Callback(&'a mut OnBody<'a>),
}

pub struct Pipeline<'a> {
    sink: Sink<'a>,
    limit: u64,
    received: u64,
}

impl<'a> Pipeline<'a> {
    pub fn new(sink: Sink<'a>, limit: u64) -> Self {
        Pipeline { sink, limit, received: 0 }
    }

    /// Refuses what the server announces to be too large before a byte of it is received.
    pub fn expect(&self, announced: Option<u64>) -> Result<(), Error> {
        match announced {
            Some(length) if length > self.limit => Err(self.too_large(&format!("announced {length} bytes"))),
            _ => Ok(()),
        }
    }

    pub fn push(&mut self, bytes: Vec<u8>) -> Result<(), Error> {
        self.received += bytes.len() as u64;
        if self.received > self.limit {
            return Err(self.too_large("sent more"));
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

    pub fn finish(self) -> Vec<u8> {
        match self.sink {
            Sink::Buffer(body) => body,
            Sink::Callback(_) => Vec::new(),
        }
    }

    fn too_large(&self, how: &str) -> Error {
        let message = format!("the body is too large: the limit is {} bytes and the server {how}", self.limit);
        Error::new(HS_ERR_BODY_TOO_LARGE, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_takes_everything_up_to_the_limit() {
        let mut pipeline = Pipeline::new(Sink::Buffer(Vec::new()), 5);
        pipeline.expect(Some(5)).unwrap();
        pipeline.push(b"abc".to_vec()).unwrap();
        pipeline.push(b"de".to_vec()).unwrap();
        assert_eq!(pipeline.finish(), b"abcde");
    }

    #[test]
    fn one_byte_more_is_an_error_announced_or_not() {
        let mut pipeline = Pipeline::new(Sink::Buffer(Vec::new()), 5);
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
        let mut pipeline = Pipeline::new(Sink::Callback(&mut on_body), u64::MAX);
        pipeline.push(b"ab".to_vec()).unwrap();
        let error = pipeline.push(b"cd".to_vec()).unwrap_err();
        assert_eq!(error.status(), HS_ERR_CALLBACK);
        assert!(error.to_string().contains("42"));
        drop(pipeline);
        assert_eq!(seen, b"abcd");
    }
}
