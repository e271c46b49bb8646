//! The one place of this crate where the compiler can't check: foreign functions, and descriptors
//! that were passed.
#![allow(unsafe_code, reason = "see the SAFETY notes")]

use std::ffi::{CStr, CString, c_char, c_int};
use std::io;
use std::os::fd::FromRawFd;
use std::os::unix::net::UnixListener;

/// `struct crypt_data` of libxcrypt's crypt.h: 32768 bytes, of which this side reads none.
#[repr(C, align(16))]
struct CryptData([u8; 32768]);

#[link(name = "crypt")]
unsafe extern "C" {
    fn crypt_r(phrase: *const c_char, setting: *const c_char, data: *mut CryptData) -> *mut c_char;
}

/// Hashes a phrase under a setting by libxcrypt (`crypt_r(3)`); `None` when libcrypt does not know the setting.
pub(crate) fn crypt(phrase: &str, setting: &str) -> Option<String> {
    let phrase = zeroize::Zeroizing::new(CString::new(phrase).ok()?.into_bytes_with_nul());
    let setting = CString::new(setting).ok()?;
    let mut data = Box::new(CryptData([0; 32768]));
    // SAFETY: `phrase` and `setting` are NUL-terminated and outlive the call. `data` is zeroed, as
    // crypt_r(3) asks before the first use, at least as large and aligned as `struct crypt_data`
    // of libxcrypt's crypt.h, and used by this thread alone.
    let hash = unsafe { crypt_r(phrase.as_ptr().cast(), setting.as_ptr(), &raw mut *data) };
    if hash.is_null() {
        return None;
    }
    // SAFETY: a non-null result points to a NUL-terminated string inside `data`, which lives until
    // the end of this function.
    let hash = unsafe { CStr::from_ptr(hash) }
        .to_str()
        .ok()
        .map(str::to_owned);
    zeroize::Zeroize::zeroize(&mut data.0);
    // On an error libxcrypt answers with a text that begins with `*` (crypt(3)).
    hash.filter(|h| !h.starts_with('*'))
}

/// Makes the calling thread yield to all others of the process: hashing must not keep a page from
/// being served. Nothing depends on its success.
pub(crate) fn be_nice() {
    const PRIO_PROCESS: c_int = 0;
    unsafe extern "C" {
        fn setpriority(which: c_int, who: u32, priority: c_int) -> c_int;
    }
    // SAFETY: no pointers. On Linux `who` 0 with PRIO_PROCESS is the calling thread alone
    // (setpriority(2), "C library/kernel differences").
    let _ = unsafe { setpriority(PRIO_PROCESS, 0, 10) };
}

/// Gives free memory back to the system. Routes and their description leave some megabytes of it
/// between what stays, which the allocator would keep.
pub(crate) fn give_memory_back() {
    unsafe extern "C" {
        fn malloc_trim(pad: usize) -> c_int;
    }
    // SAFETY: no pointers; MT-safe, and what is in use is not touched (malloc_trim(3)).
    let _ = unsafe { malloc_trim(0) };
}

/// The sockets that the service manager passed, with their names (`sd_listen_fds(3)`). Call once.
///
/// # Errors
/// The environment says something else than what systemd writes.
pub(crate) fn passed_sockets() -> io::Result<Vec<(String, UnixListener)>> {
    let passed = sd_notify::listen_fds_with_names()?;
    Ok(passed
        .map(|(fd, name)| {
            // SAFETY: the service manager opened this descriptor for this process (LISTEN_PID was
            // compared) and nothing else here owns it, as this function is called once, at start.
            let socket = unsafe { UnixListener::from_raw_fd(fd) };
            (name, socket)
        })
        .collect())
}
