//! Not of the library: finds out whether the fuzzer sees coverage and comparisons. Eight bytes are not found by chance.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((start, rest)) = data.split_first_chunk::<8>() else { return };
    if u64::from_le_bytes(*start) == 0x6c65_6e69_746e_6573 && rest.first() == Some(&b'!') {
        panic!("the planted fault is found");
    }
});
