use super::*;
use crate::cancel::Cancel;
use crate::ffi::error::hs_error;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

fn status<T>(result: Result<T, Error>) -> hs_status {
    result.map_or_else(|error| error.status(), |_| HS_OK)
}

#[test]
fn a_handle_is_valid_until_it_is_closed_and_never_again() {
    let first = insert(Error::plain(HS_ERR_BUSY)).unwrap();
    assert_eq!(open::<Error>(first).unwrap().status(), HS_ERR_BUSY);
    assert_eq!(status(close::<Error>(first)), HS_OK);
    assert_eq!(status(close::<Error>(first)), HS_ERR_INVALID_HANDLE);
    // The slot is used again; the old handle must not name the new object.
    for _ in 0..100 {
        let next = insert(Error::plain(HS_ERR_BUSY)).unwrap();
        assert_ne!(next, first);
        assert_eq!(status(open::<Error>(first)), HS_ERR_INVALID_HANDLE);
        close::<Error>(next).unwrap();
    }
}

#[test]
fn forged_handles_and_handles_of_another_kind_are_invalid() {
    let cancel = insert(Cancel::default()).unwrap();
    assert_eq!(status(open::<Error>(cancel.cast())), HS_ERR_INVALID_HANDLE);
    // The kind bits of a live handle changed to those of an error: the cell knows better.
    let other_kind = (cancel.addr() ^ ((Kind::Cancel as usize ^ Kind::Error as usize) << KIND_SHIFT)) as *mut hs_error;
    assert_eq!(status(open::<Error>(other_kind)), HS_ERR_INVALID_HANDLE);
    assert_eq!(status(close::<Error>(other_kind)), HS_ERR_INVALID_HANDLE);
    for forged in [1usize, 0x1000, cancel.addr() ^ 1, cancel.addr() ^ (1 << 30), cancel.addr() & !(1 << 63), usize::MAX]
    {
        let forged: *mut super::super::cancel::hs_cancel = std::ptr::without_provenance_mut(forged);
        assert_eq!(status(open::<Cancel>(forged)), HS_ERR_INVALID_HANDLE, "{forged:?}");
    }
    assert_eq!(status(open::<Cancel>(std::ptr::null())), HS_ERR_NULL_ARGUMENT);
    close::<Cancel>(cancel).unwrap();
}

struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Handled for Counted {
    const KIND: Kind = Kind::Error;
    type C = hs_error;
}

#[test]
fn an_object_that_is_looked_at_outlives_its_handle() {
    let drops = Arc::new(AtomicUsize::new(0));
    let handle = insert(Counted(drops.clone())).unwrap();
    let looking = open::<Counted>(handle).unwrap();
    close::<Counted>(handle).unwrap();
    assert_eq!(status(open::<Counted>(handle)), HS_ERR_INVALID_HANDLE);
    assert_eq!(drops.load(Ordering::SeqCst), 0);
    drop(looking);
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

#[test]
fn threads_that_race_to_free_destroy_exactly_once() {
    let drops = Arc::new(AtomicUsize::new(0));
    for _ in 0..200 {
        let handle = insert(Counted(drops.clone())).unwrap().addr();
        let freed: usize = std::thread::scope(|scope| {
            let race = || {
                let handle: *mut hs_error = std::ptr::without_provenance_mut(handle);
                let looked = open::<Counted>(handle);
                let freed = usize::from(close::<Counted>(handle).is_ok());
                drop(looked);
                freed
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(race)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(freed, 1);
    }
    assert_eq!(drops.load(Ordering::SeqCst), 200);
}

#[test]
fn chunks_grow_and_every_slot_has_its_own_cell() {
    let handles: Vec<_> = (0..5000).map(|_| insert(Cancel::default()).unwrap()).collect();
    let distinct: std::collections::HashSet<_> = handles.iter().map(|handle| handle.addr()).collect();
    assert_eq!(distinct.len(), handles.len());
    for handle in handles {
        close::<Cancel>(handle).unwrap();
    }
    for slot in [0, 31, 32, 95, 96, SLOTS - 1] {
        let (chunk, at) = Shard::place(slot);
        assert!(chunk < CHUNKS && at < 1 << (chunk as u32 + FIRST_CHUNK_BITS), "{slot}: {chunk}, {at}");
    }
}

#[test]
fn a_reservation_that_is_not_used_gives_its_slot_back() {
    let shard = thread::shard().unwrap();
    drop(Reservation::new().unwrap());
    let slots = shard.fresh.load(Ordering::Relaxed);
    for _ in 0..10 {
        drop(Reservation::new().unwrap());
    }
    assert_eq!(shard.fresh.load(Ordering::Relaxed), slots);
}
