//! `hs_permit`: a loan as numbers that the caller keeps.

use super::hs_permit;
use crate::error::Error;
use crate::ffi::options;
use crate::resilience::breaker::{Breaker, Loan, Probe};
use crate::resilience::table::seal;
use crate::runtime::clock::Instant;
use crate::status::HS_ERR_NULL_ARGUMENT;

pub(super) const NO_PERMIT: hs_permit = hs_permit { opaque: [0; 8] };
const MARKED: u64 = 1 << 63;
const SLOT_SHIFT: u32 = 32;

pub fn packed(breaker: &Breaker, loan: &Loan) -> hs_permit {
    let Probe { slot, serial, ends } = loan.pass.probe.unwrap_or(Probe { slot: 0, serial: 0, ends: 0 });
    let marked = if loan.marked.is_some() { MARKED } else { 0 };
    let flags = u64::from(loan.pass.generation) | u64::from(slot) << SLOT_SHIFT | marked;
    let place = loan.marked.map_or(0, |place| place.0);
    let mut opaque = [breaker.id(), loan.circuit, flags, serial, loan.start.0, place, ends, 0];
    opaque[7] = seal(&opaque[..7]);
    hs_permit { opaque }
}

/// # Safety
/// `permit` is NULL or valid for reads.
pub unsafe fn unpacked(breaker: &Breaker, permit: *const hs_permit) -> Result<Loan, Error> {
    if permit.is_null() {
        return Err(Error::new(HS_ERR_NULL_ARGUMENT, "permit is NULL"));
    }
    // SAFETY: as the caller promises.
    let opaque = unsafe { permit.read() }.opaque;
    if opaque == NO_PERMIT.opaque {
        return Err(options::invalid("permit is none, or was recorded already".into()));
    }
    let [owner, circuit, flags, serial, start, place, ends, sealed] = opaque;
    if sealed != seal(&opaque[..7]) {
        return Err(options::invalid("permit is none that a breaker has given".into()));
    }
    if owner != breaker.id() {
        return Err(options::invalid("permit is another breaker's".into()));
    }
    let slot = (flags >> SLOT_SHIFT) as u32 & 0xFFFF;
    let marked = (flags & MARKED != 0).then_some(place);
    let probe = Probe { slot, serial, ends };
    Ok(Loan::new(circuit, flags as u32, probe, Instant(start), marked))
}
