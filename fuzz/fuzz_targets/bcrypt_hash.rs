//! A hash that is taken is one whole field of shadow(5) with the cost that it says; `Debug` tells
//! nothing of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use provision_api::BcryptHash;

fn is_good(text: &[u8]) -> bool {
    text.len() == 60
        && text.iter().enumerate().all(|(at, byte)| match at {
            0 | 3 | 6 => *byte == b'$',
            1 => *byte == b'2',
            2 => *byte == b'b',
            4 => *byte == b'1',
            5 => (b'0'..=b'4').contains(byte),
            _ => byte.is_ascii_alphanumeric() || b"./".contains(byte),
        })
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let parsed = BcryptHash::parse(text);
    assert_eq!(parsed.is_ok(), is_good(data), "{text:?}");
    if let Ok(hash) = parsed {
        assert_eq!(hash.expose(), text);
        assert!((10..=14).contains(&hash.cost()));
        assert_eq!(format!("{hash:?}"), "BcryptHash(redacted)");
        // The line that chpasswd(8) reads.
        let line = format!("ada:{}\n", hash.expose());
        assert_eq!(line.matches(':').count(), 1);
        assert_eq!(line.lines().count(), 1);
    }
});
