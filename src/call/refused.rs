//! What a call is told that a policy did not let through, and what the policies say of an origin.

use super::Call;
use crate::http::attempt::Attempt;

impl Call {
    /// Each attempt so far.
    pub fn history(&self) -> Vec<Attempt> {
        self.records.borrow().clone()
    }
}
