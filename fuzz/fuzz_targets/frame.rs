//! The frame decoder gives out exactly what stands between NUL bytes, however the stream is cut,
//! and nothing after the first message that is too large.
#![no_main]

use libfuzzer_sys::fuzz_target;
use provision_api::frame::{Decoder, MAX_MESSAGE};

/// Bytes of 0xF0 and more stand for long runs, so that short inputs reach the cap.
fn stream(data: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    for byte in data {
        match byte {
            0xf0..=0xfe => {
                stream.extend(std::iter::repeat_n(b'a', usize::from(byte - 0xef) * 4681))
            }
            0xff => stream.extend(std::iter::repeat_n(b'b', MAX_MESSAGE)),
            byte => stream.push(*byte),
        }
        if stream.len() > 4 * MAX_MESSAGE {
            break;
        }
    }
    stream
}

fuzz_target!(|data: &[u8]| {
    let Some((cut, data)) = data.split_first() else {
        return;
    };
    let stream = stream(data);
    let mut cut = usize::from(*cut).pow(2) + 1;
    // Long streams byte by byte take too long to be worth it.
    if stream.len() > 8192 {
        cut += 1024;
    }

    let mut expected: Vec<&[u8]> = stream.split(|byte| *byte == 0).collect();
    let unfinished = expected.pop().unwrap_or_default();
    let fits = |message: &&[u8]| message.len() <= MAX_MESSAGE;
    let too_large = !expected.iter().all(fits) || !fits(&unfinished);
    let expected: Vec<&[u8]> = expected.into_iter().take_while(fits).collect();

    let mut decoder = Decoder::default();
    let mut found = Vec::new();
    let mut failed = false;
    'reading: for chunk in stream.chunks(cut) {
        decoder.push(chunk);
        loop {
            match decoder.next_message() {
                Ok(Some(message)) => found.push(message),
                Ok(None) => break,
                Err(_) => {
                    failed = true;
                    break 'reading;
                }
            }
        }
    }
    assert_eq!(found, expected);
    assert_eq!(failed, too_large);
    assert!(failed || decoder.is_partial() != unfinished.is_empty());
});
