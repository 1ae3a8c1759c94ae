//! What an exchange needs before it begins, and what those who gave it are told at its end.

use super::Call;
use super::record::Track;
use crate::error::Error;
use crate::http::request::Request;
use crate::http::response::Head;
use crate::runtime::clock::Instant;
use std::rc::Rc;

/// How the first exchange of an attempt is admitted; those that follow it wait.
pub enum Admit {
    Waiting,
    /// It was already.
    Given(Admission),
}

#[derive(Default)]
pub struct Admission {}

impl Admission {
    pub async fn wait(_call: &Rc<Call>, _request: &Request, _track: &Track) -> Result<Admission, Error> {
        Ok(Admission::default())
    }
    pub fn now(_call: &Call, _request: &Request) -> Result<Admission, &'static str> {
        Ok(Admission::default())
    }
    pub fn give_back(self) {}
    pub fn slow_at(&self) -> Option<Instant> {
        None
    }
    pub fn is_slow(&mut self, _call: &Call) {}
    pub fn head(&mut self, _call: &Call, _request: &Request, _head: &Head) {}
    pub fn ended(&mut self, _call: &Call) {}
    pub fn failed(&mut self, _call: &Call, _request: &Request, _error: &Error) {}
}
