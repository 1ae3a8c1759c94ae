//! What became of each attempt of a call.

use crate::error::Sent;
use crate::resilience::stop::WaitReason;
use crate::status::hs_status;

/// One attempt: a run of the hop loop, from the first exchange to the head, or to the end of a buffered body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// From 1. A hedge has the number of the attempt that it was sent beside.
    pub number: u32,
    /// 0 for the attempt itself, else which of its hedges.
    pub hedge: u32,
    /// What it failed with; `HS_OK` where there was a response.
    pub status: hs_status,
    /// Of its response; 0 where there was none.
    pub http_status: u16,
    pub sent: Sent,
    pub internal_resends: u32,
    /// After the beginning of the call.
    pub started_ns: u64,
    pub duration_ns: u64,
    /// What it waited for before its first exchange.
    pub wait_ns: u64,
    pub wait_reason: WaitReason,
}
