//! Structs that grow: each starts with its size as its maker knew it. A shorter one comes from an older caller and
//! has defaults in what it lacks; a longer one comes from a newer caller and is fine while what we do not know is zero.

use crate::error::Error;
use crate::status::HS_ERR_STRUCT_SIZE;
use std::mem::size_of;

/// # Safety
/// `repr(C)`, begins with `struct_size: u32`, all-zero bytes are a valid value, and any bytes that a caller may leave
/// in it are: integers, pointers and `Option<extern fn>` alone.
pub unsafe trait Sized32: Copy {
    const NAME: &'static str;
    /// The size of the first version that was ever published, up to its last field without which it makes no sense.
    const SMALLEST: usize;
}

/// Far more than any version will have; a size beyond it is garbage, and reading so much could fault.
const LARGEST: usize = 4096;

/// A copy of the caller's struct as this library knows it.
///
/// # Safety
/// `pointer` is valid for reads of as many bytes as its `struct_size` says.
pub unsafe fn read<T: Sized32>(pointer: *const T) -> Result<T, Error> {
    // SAFETY: as the caller promises; every version has at least the size.
    let size = unsafe { pointer.cast::<u32>().read_unaligned() } as usize;
    check::<T>(size)?;
    if size > size_of::<T>() {
        // SAFETY: within the caller's struct.
        let tail =
            unsafe { std::slice::from_raw_parts(pointer.cast::<u8>().add(size_of::<T>()), size - size_of::<T>()) };
        if let Some(at) = tail.iter().position(|&byte| byte != 0) {
            let message = format!(
                "{}.struct_size is {size} and byte {} is set: this library knows {} bytes of it",
                T::NAME,
                size_of::<T>() + at,
                size_of::<T>()
            );
            return Err(Error::new(HS_ERR_STRUCT_SIZE, message));
        }
    }
    let mut value = std::mem::MaybeUninit::<T>::zeroed();
    // SAFETY: within both; all-zero and all that callers may write are valid values.
    unsafe {
        let known = size.min(size_of::<T>());
        // No version ends in the middle of a field, and half a pointer is none.
        let known = known - known % align_of::<T>();
        std::ptr::copy_nonoverlapping(pointer.cast::<u8>(), value.as_mut_ptr().cast::<u8>(), known);
        Ok(value.assume_init())
    }
}

/// Fills the caller's struct as far as it reaches; the rest of a longer one becomes zero. Its `struct_size` stays.
///
/// # Safety
/// `pointer` is valid for reads and writes of as many bytes as its `struct_size` says.
pub unsafe fn write<T: Sized32>(pointer: *mut T, value: &T) -> Result<(), Error> {
    // SAFETY: as the caller promises.
    let size = unsafe { pointer.cast::<u32>().read_unaligned() } as usize;
    check::<T>(size)?;
    let known = size.min(size_of::<T>());
    let skipped = size_of::<u32>();
    // SAFETY: within both structs.
    unsafe {
        let (from, to) = (std::ptr::from_ref(value).cast::<u8>(), pointer.cast::<u8>());
        std::ptr::copy_nonoverlapping(from.add(skipped), to.add(skipped), known - skipped);
        to.add(known).write_bytes(0, size - known);
    }
    Ok(())
}

fn check<T: Sized32>(size: usize) -> Result<(), Error> {
    if (T::SMALLEST..=LARGEST).contains(&size) {
        return Ok(());
    }
    let message = format!("{}.struct_size is {size}: set it to sizeof({}), {} here", T::NAME, T::NAME, size_of::<T>());
    Err(Error::new(HS_ERR_STRUCT_SIZE, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(C)]
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Known {
        struct_size: u32,
        flags: u32,
        first: u64,
        second: u64,
    }
    // SAFETY: integers alone.
    unsafe impl Sized32 for Known {
        const NAME: &'static str = "known";
        const SMALLEST: usize = 8;
    }

    #[repr(C)]
    struct Newer {
        known: Known,
        third: u64,
    }

    fn known(struct_size: usize) -> Known {
        Known { struct_size: struct_size as u32, flags: 1, first: 2, second: 3 }
    }

    #[test]
    fn an_older_struct_has_defaults_where_it_ends() {
        // SAFETY: the size is smaller than the struct.
        let value = unsafe { read(&known(16)) }.unwrap();
        assert_eq!(value, Known { struct_size: 16, flags: 1, first: 2, second: 0 });
    }

    #[test]
    fn half_a_field_is_none() {
        // SAFETY: the size is smaller than the struct.
        let value = unsafe { read(&known(23)) }.unwrap();
        assert_eq!(value, Known { struct_size: 23, flags: 1, first: 2, second: 0 });
    }

    #[test]
    fn a_newer_struct_may_only_be_longer_by_zeros() {
        let mut newer = Newer { known: known(size_of::<Newer>()), third: 0 };
        // SAFETY: the size is that of the struct.
        unsafe {
            assert_eq!(read((&raw const newer).cast::<Known>()).unwrap().second, 3);
            newer.third = 1 << 40;
            let error = read((&raw const newer).cast::<Known>()).unwrap_err();
            assert_eq!(error.status(), HS_ERR_STRUCT_SIZE);
            assert!(error.to_string().contains("byte 29 is set"), "{error}");
        }
    }

    #[test]
    fn a_size_that_cannot_be_is_refused_unread() {
        for size in [0, 7, LARGEST + 1, u32::MAX as usize] {
            // SAFETY: nothing but the size is read.
            let error = unsafe { read(&known(size)) }.unwrap_err();
            assert_eq!(error.status(), HS_ERR_STRUCT_SIZE);
            assert!(error.to_string().contains(&size.to_string()), "{error}");
        }
    }

    #[test]
    fn writing_stops_at_the_callers_end_and_clears_what_we_do_not_know() {
        let value = Known { struct_size: 24, flags: 7, first: 8, second: 9 };
        let mut newer = Newer { known: known(16), third: 5 };
        // SAFETY: the sizes are not larger than the structs.
        unsafe {
            write((&raw mut newer).cast::<Known>(), &value).unwrap();
            assert_eq!(newer.known, Known { struct_size: 16, flags: 7, first: 8, second: 3 });
            newer.known.struct_size = size_of::<Newer>() as u32;
            write((&raw mut newer).cast::<Known>(), &value).unwrap();
        }
        assert_eq!((newer.known.second, newer.third), (9, 0));
    }
}
