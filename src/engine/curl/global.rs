//! Once per process: libcurl is initialised and judged. One that is too old or cannot work is refused before it can
//! fail in the middle of something.

use super::sys;
use crate::error::Error;
use crate::process;
use crate::status::HS_ERR_LIBCURL;
use std::ffi::{CStr, c_int};
use std::sync::OnceLock;

/// The oldest libcurl with everything that the engine relies on (`CURLOPT_MAXLIFETIME_CONN`, `CURLOPT_PREREQFUNCTION`).
const OLDEST: u32 = 0x07_50_00;

/// What the library needs to know about the libcurl that it found.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    number: u32,
    version: String,
    tls: bool,
    /// Whether waiting works for descriptors past `FD_SETSIZE`.
    polls: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    pub http2: bool,
}

/// Initialises libcurl at the first call; the answer is the same ever after.
pub fn init() -> Result<Capabilities, Error> {
    static STATE: OnceLock<Result<Capabilities, Error>> = OnceLock::new();
    if let Some(known) = STATE.get() {
        return known.clone();
    }
    let _starting = process::lock();
    STATE.get_or_init(init_once).clone()
}

fn init_once() -> Result<Capabilities, Error> {
    super::tls::init();
    // SAFETY: OnceLock lets one thread in; the handles that libcurl needs are its own.
    let code = unsafe { sys::curl_global_init(sys::CURL_GLOBAL_ALL) };
    if code != sys::CURLE_OK {
        let message = format!("libcurl could not be initialised: {}", sys::easy_message(code));
        return Err(Error::new(HS_ERR_LIBCURL, message));
    }
    // SAFETY: returns a pointer to static data that is valid for the version asked for.
    let info = unsafe { &*sys::curl_version_info(sys::CURLVERSION_FIRST) };
    let has = |bit: c_int| info.features & bit != 0;
    let found = Found {
        number: info.version_num,
        // SAFETY: a NUL-terminated static string.
        version: unsafe { CStr::from_ptr(info.version) }.to_string_lossy().into_owned(),
        tls: has(sys::CURL_VERSION_SSL),
        polls: polls(),
    };
    judge(&found)?;
    Ok(Capabilities { http2: has(sys::CURL_VERSION_HTTP2) })
}

fn judge(found: &Found) -> Result<(), Error> {
    let refuse = |why: &str| {
        let message = format!("libcurl {} cannot be used: {why}", found.version);
        Err(Error::new(HS_ERR_LIBCURL, message))
    };
    if found.number < OLDEST {
        return refuse("at least 7.80.0 is needed");
    }
    if !found.tls {
        return refuse("it was built without TLS");
    }
    if !found.polls {
        return refuse(
            "it was built without poll(), so it breaks once the process has 1,024 descriptors open; \
             build with the CFLAGS of this project's .cargo/config.toml",
        );
    }
    Ok(())
}

/// Asks libcurl to wait for a descriptor number that `select()` cannot express. With `poll()` the answer is that no
/// such descriptor is open; with `select()` it is a failure.
fn polls() -> bool {
    const PAST_FD_SETSIZE: c_int = 1_000_000;
    let mut beyond = sys::curl_waitfd { fd: PAST_FD_SETSIZE as _, events: sys::CURL_WAIT_POLLIN as _, revents: 0 };
    // SAFETY: the multi handle lives from here to the end; `beyond` outlives the call.
    unsafe {
        let multi = sys::curl_multi_init();
        if multi.is_null() {
            return false;
        }
        let code = sys::curl_multi_poll(multi, &mut beyond, 1, 0, std::ptr::null_mut());
        sys::curl_multi_cleanup(multi);
        code == sys::CURLM_OK
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Found {
        Found { number: OLDEST, version: "7.80.0".into(), tls: true, polls: true }
    }

    #[test]
    fn the_libcurl_of_this_build_is_accepted() {
        init().unwrap();
        assert!(polls());
    }

    #[test]
    fn an_unsuitable_libcurl_is_refused_with_the_reason() {
        assert_eq!(judge(&good()), Ok(()));
        for (found, reason) in [
            (Found { number: OLDEST - 1, version: "7.79.1".into(), ..good() }, "libcurl 7.79.1 cannot be used"),
            (Found { tls: false, ..good() }, "without TLS"),
            (Found { polls: false, ..good() }, "without poll()"),
        ] {
            let error = judge(&found).unwrap_err();
            assert_eq!(error.status(), HS_ERR_LIBCURL);
            assert!(error.to_string().contains(reason), "{error}");
        }
    }
}
