//! Handles are tokens, never dereferenced. A token packs what is needed to find its object and to know that it is
//! still the same one:
//!
//! ```text
//! 63      62..58  57..44  43..24  23..0
//! 1       kind    shard   slot    generation
//! ```
//!
//! The top bit makes it an address that no user-space object has, so a mistaken dereference faults at once. A shard
//! belongs to one thread, which alone takes slots from it; any thread may look up and free. Nothing here locks: a cell
//! counts those who look at its object, and the last of them to leave after a free destroys it.

use super::thread;
use crate::error::Error;
use crate::process;
use crate::status::*;
use crossbeam_queue::SegQueue;
use std::hash::{BuildHasher, RandomState};
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::null_mut;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    Worker = 1,
    Response = 2,
    Error = 3,
    Cancel = 4,
    Text = 5,
    CookieJar = 6,
    Form = 7,
    Mock = 8,
    Breaker = 9,
    Limiter = 10,
    Retry = 11,
    Budget = 12,
    Bulkhead = 13,
    Simulation = 14,
    Pool = 15,
    Pipe = 16,
}

/// An object that can stand behind a handle, and the C type that names it.
pub trait Handled: Send + Sync + 'static {
    const KIND: Kind;
    type C;
}

const GENERATION_BITS: u32 = 24;
const SLOT_BITS: u32 = 20;
const SHARD_BITS: u32 = 14;
const KIND_BITS: u32 = 5;
const SLOT_SHIFT: u32 = GENERATION_BITS;
const SHARD_SHIFT: u32 = SLOT_SHIFT + SLOT_BITS;
const KIND_SHIFT: u32 = SHARD_SHIFT + SHARD_BITS;
const MARK: u64 = 1 << 63;
const GENERATIONS: u64 = (1 << GENERATION_BITS) - 1;
const _: () = assert!(KIND_SHIFT + KIND_BITS == 63);

const SHARDS: usize = 1 << SHARD_BITS;
const SLOTS: u32 = 1 << SLOT_BITS;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token(u64);

impl Token {
    fn new(kind: Kind, shard: u32, slot: u32, generation: u32) -> Token {
        let kind = u64::from(kind as u8) << KIND_SHIFT;
        let place = (u64::from(shard) << SHARD_SHIFT) | (u64::from(slot) << SLOT_SHIFT);
        Token(MARK | kind | place | u64::from(generation))
    }

    /// The token in a pointer, if it can be one of an object of that kind at all.
    pub fn of<C>(pointer: *const C, kind: Kind) -> Result<Token, Error> {
        if pointer.is_null() {
            return Err(Error::plain(HS_ERR_NULL_ARGUMENT));
        }
        let token = Token(pointer.addr() as u64);
        if token.0 & MARK == 0 || token.field(KIND_SHIFT, KIND_BITS) != u32::from(kind as u8) {
            return Err(Error::plain(HS_ERR_INVALID_HANDLE));
        }
        Ok(token)
    }

    fn pointer<C>(self) -> *mut C {
        std::ptr::without_provenance_mut(self.0 as usize)
    }

    fn field(self, shift: u32, bits: u32) -> u32 {
        ((self.0 >> shift) & ((1 << bits) - 1)) as u32
    }

    pub fn shard(self) -> u32 {
        self.field(SHARD_SHIFT, SHARD_BITS)
    }

    fn cell(self) -> Result<(&'static Shard, &'static Cell), Error> {
        let shard = shard_at(self.shard()).ok_or_else(|| Error::plain(HS_ERR_INVALID_HANDLE))?;
        let cell = shard.cell(self.field(SLOT_SHIFT, SLOT_BITS)).ok_or_else(|| Error::plain(HS_ERR_INVALID_HANDLE))?;
        Ok((shard, cell))
    }

    fn generation(self) -> u64 {
        u64::from(self.field(0, GENERATION_BITS))
    }

    /// Fails unless the object lives: freed and forged handles are invalid, those from before a fork are forked.
    pub fn check_live(self) -> Result<(), Error> {
        let (shard, cell) = self.cell()?;
        if cell.state.load(Ordering::Acquire) & !PINS != live_state(self) {
            return Err(Error::plain(HS_ERR_INVALID_HANDLE));
        }
        if shard.fork.load(Ordering::Relaxed) != process::generation() {
            return Err(Error::plain(HS_ERR_FORKED));
        }
        Ok(())
    }
}

/// State of a cell: how many look at the object, its kind, whether its handle is valid, and the generation of that
/// handle. The kind in a token is only a claim.
const PINS: u64 = (1 << 27) - 1;
const CELL_KIND_SHIFT: u32 = 27;
const LIVE: u64 = 1 << 31;
const GENERATION_SHIFT: u32 = 32;

/// The state of a cell whose object this token names, apart from the pins.
fn live_state(token: Token) -> u64 {
    let kind = u64::from(token.field(KIND_SHIFT, KIND_BITS)) << CELL_KIND_SHIFT;
    (token.generation() << GENERATION_SHIFT) | LIVE | kind
}

struct Cell {
    state: AtomicU64,
    object: AtomicPtr<()>,
}

/// Cells come in chunks, each twice as large as the one before, made when they are first needed and kept for good.
const FIRST_CHUNK_BITS: u32 = 5;
const CHUNKS: usize = (SLOT_BITS - FIRST_CHUNK_BITS + 1) as usize;

pub struct Shard {
    index: u32,
    /// The process generation in which a thread last claimed it.
    fork: AtomicU32,
    fresh: AtomicU32,
    free: SegQueue<u32>,
    chunks: [OnceLock<Box<[Cell]>>; CHUNKS],
}

impl Shard {
    fn new(index: u32) -> Shard {
        Shard {
            index,
            fork: AtomicU32::new(0),
            fresh: AtomicU32::new(0),
            free: SegQueue::new(),
            chunks: [const { OnceLock::new() }; CHUNKS],
        }
    }

    pub fn index(&self) -> u32 {
        self.index
    }

    fn place(slot: u32) -> (usize, usize) {
        let shifted = slot + (1 << FIRST_CHUNK_BITS);
        let chunk = shifted.ilog2() - FIRST_CHUNK_BITS;
        (chunk as usize, (shifted - (1 << (chunk + FIRST_CHUNK_BITS))) as usize)
    }

    fn cell(&self, slot: u32) -> Option<&Cell> {
        let (chunk, at) = Shard::place(slot);
        self.chunks[chunk].get()?.get(at)
    }

    /// A slot for a new object; only for the thread that claimed the shard.
    fn take(&self) -> Option<u32> {
        if let Some(slot) = self.free.pop() {
            return Some(slot);
        }
        let slot = self.fresh.load(Ordering::Relaxed);
        if slot >= SLOTS {
            return None;
        }
        self.fresh.store(slot + 1, Ordering::Relaxed);
        let (chunk, _) = Shard::place(slot);
        self.chunks[chunk].get_or_init(|| {
            // Generations begin anywhere: a forged handle should not hit a live one because both are young.
            let random = RandomState::new();
            let cell = |place: usize| {
                let generation = random.hash_one(place) & GENERATIONS;
                Cell { state: AtomicU64::new(generation << GENERATION_SHIFT), object: AtomicPtr::new(null_mut()) }
            };
            (0..1usize << (chunk as u32 + FIRST_CHUNK_BITS)).map(cell).collect()
        });
        Some(slot)
    }
}

static TABLE: [AtomicPtr<Shard>; SHARDS] = [const { AtomicPtr::new(null_mut()) }; SHARDS];

fn shard_at(index: u32) -> Option<&'static Shard> {
    // SAFETY: shards are leaked when they are made, so a pointer in the table is valid for good.
    unsafe { TABLE[index as usize].load(Ordering::Acquire).as_ref() }
}

/// Shards of threads that have ended, and how many were ever made; changed under the process lock.
static RETURNED: SegQueue<u32> = SegQueue::new();
static MADE: AtomicU32 = AtomicU32::new(0);

/// A shard for the calling thread.
pub fn claim_shard() -> Result<&'static Shard, Error> {
    let _lock = process::lock();
    let generation = process::generation();
    while let Some(index) = RETURNED.pop() {
        // One from before a fork may hold objects of the parent's and must keep refusing them.
        if let Some(shard) = shard_at(index).filter(|shard| shard.fork.load(Ordering::Relaxed) == generation) {
            return Ok(shard);
        }
    }
    let index = MADE.load(Ordering::Relaxed);
    if index as usize >= SHARDS {
        let message = format!("more than {SHARDS} threads have handles open");
        return Err(Error::new(HS_ERR_TOO_MANY_HANDLES, message));
    }
    MADE.store(index + 1, Ordering::Relaxed);
    let shard: &'static Shard = Box::leak(Box::new(Shard::new(index)));
    shard.fork.store(generation, Ordering::Relaxed);
    TABLE[index as usize].store(std::ptr::from_ref(shard).cast_mut(), Ordering::Release);
    Ok(shard)
}

pub fn return_shard(shard: &'static Shard) {
    let _lock = process::lock();
    RETURNED.push(shard.index);
}

/// A place for an object that does not exist yet, so that nothing can fail once it does.
pub struct Reservation {
    shard: &'static Shard,
    slot: u32,
    used: bool,
}

impl Reservation {
    pub fn new() -> Result<Reservation, Error> {
        let shard = thread::shard()?;
        let slot = shard.take().ok_or_else(|| Error::plain(HS_ERR_TOO_MANY_HANDLES))?;
        Ok(Reservation { shard, slot, used: false })
    }

    pub fn fill<T: Handled>(mut self, object: T) -> (*mut T::C, Token) {
        self.used = true;
        let cell = self.shard.cell(self.slot).expect("`take` made the cell");
        let generation = cell.state.load(Ordering::Relaxed) >> GENERATION_SHIFT;
        cell.object.store(Box::into_raw(Box::new(object)).cast(), Ordering::Relaxed);
        let token = Token::new(T::KIND, self.shard.index, self.slot, generation as u32);
        cell.state.store(live_state(token), Ordering::Release);
        (token.pointer(), token)
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if !self.used {
            self.shard.free.push(self.slot);
        }
    }
}

/// Puts an object behind a new handle.
pub fn insert<T: Handled>(object: T) -> Result<*mut T::C, Error> {
    Ok(Reservation::new()?.fill(object).0)
}

/// An object that cannot be destroyed while this lives, whoever frees its handle.
pub struct Pinned<T: Handled> {
    shard: &'static Shard,
    cell: &'static Cell,
    token: Token,
    object: PhantomData<T>,
}

impl<T: Handled> Deref for Pinned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the cell's kind is T's, so `fill` put a T there, and it stays while the cell counts this pin.
        unsafe { &*self.cell.object.load(Ordering::Relaxed).cast::<T>() }
    }
}

impl<T: Handled> Drop for Pinned<T> {
    fn drop(&mut self) {
        let before = self.cell.state.fetch_sub(1, Ordering::AcqRel);
        if before & PINS == 1 && before & LIVE == 0 {
            destroy::<T>(self.shard, self.cell, self.token);
        }
    }
}

/// Looks at the object behind a handle.
pub fn open<T: Handled>(pointer: *const T::C) -> Result<Pinned<T>, Error> {
    open_token(Token::of(pointer, T::KIND)?)
}

pub fn open_token<T: Handled>(token: Token) -> Result<Pinned<T>, Error> {
    let (shard, cell) = token.cell()?;
    change(token, |state| state + 1)?;
    Ok(Pinned { shard, cell, token, object: PhantomData })
}

/// Makes a handle invalid and destroys its object, now or when the last one who looks at it leaves.
pub fn close<T: Handled>(pointer: *const T::C) -> Result<(), Error> {
    close_token::<T>(Token::of(pointer, T::KIND)?)
}

pub fn close_token<T: Handled>(token: Token) -> Result<(), Error> {
    let (shard, cell) = token.cell()?;
    if change(token, |state| state & !LIVE)? & PINS == 0 {
        destroy::<T>(shard, cell, token);
    }
    Ok(())
}

/// Changes the state of a live cell; returns what it was before.
fn change(token: Token, to: impl Fn(u64) -> u64) -> Result<u64, Error> {
    let (_, cell) = token.cell()?;
    loop {
        token.check_live()?;
        let state = cell.state.load(Ordering::Acquire);
        if state & !PINS != live_state(token) {
            return Err(Error::plain(HS_ERR_INVALID_HANDLE));
        }
        if cell.state.compare_exchange_weak(state, to(state), Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            return Ok(state);
        }
    }
}

fn destroy<T: Handled>(shard: &'static Shard, cell: &'static Cell, token: Token) {
    let object = cell.object.swap(null_mut(), Ordering::Relaxed).cast::<T>();
    // SAFETY: `fill` made it from a box; the cell is not live and nobody has it pinned, so this is the only one left.
    drop(unsafe { Box::from_raw(object) });
    let next = (token.generation() + 1) & GENERATIONS;
    cell.state.store(next << GENERATION_SHIFT, Ordering::Release);
    shard.free.push(token.field(SLOT_SHIFT, SLOT_BITS));
}

#[cfg(test)]
mod tests;
