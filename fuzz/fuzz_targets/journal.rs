//! The journal's reader: any file is read or refused, never half believed. What was read can be
//! written anew and gives the same events, and the same registry.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use provisiond::journal::{Event, Journal, JournalError};
use provisiond::registry::Registry;

/// `TMPDIR` is in memory when tests/fuzz.sh runs this: the journal syncs.
static DIRECTORY: LazyLock<PathBuf> = LazyLock::new(|| {
    let directory = std::env::temp_dir().join(format!("journal-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");
    directory
});

fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The lines with checksums that are right, which no fuzzer guesses.
fn sealed(data: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    for line in data.split(|byte| *byte == b'\n') {
        file.extend_from_slice(format!("{:016x} ", checksum(line)).as_bytes());
        file.extend_from_slice(line);
        file.push(b'\n');
    }
    file
}

/// The journal, the registry that it gives, and its events.
fn read() -> Result<(Journal, Registry, Vec<Event>), JournalError> {
    let opened = Journal::open(&DIRECTORY)?;
    let mut registry = Registry::new(opened.lines());
    let mut events = Vec::new();
    let journal = opened.replay(|event, place| {
        events.push(event.clone());
        registry.apply(event, place);
    })?;
    Ok((journal, registry, events))
}

fn written(registry: &Registry) -> Vec<Event> {
    let events: Result<_, _> = registry.snapshot().collect();
    events.expect("every record is where it was read")
}

fuzz_target!(|data: &[u8]| {
    let file = match data {
        [b'!', raw @ ..] => raw.to_vec(),
        lines => sealed(lines),
    };
    let path = DIRECTORY.join("journal");
    std::fs::write(&path, &file).expect("a file");
    let Ok((mut journal, registry, events)) = read() else {
        // Damaged: nothing was touched.
        assert_eq!(std::fs::read(&path).expect("the file"), file);
        return;
    };
    // What a crash left unfinished is gone, the rest is as it was.
    let kept = std::fs::read(&path).expect("the file");
    assert!(file.starts_with(&kept));
    assert_eq!(
        u64::try_from(events.len()).expect("a count"),
        journal.lines()
    );

    let snapshot = written(&registry);
    journal
        .rewrite(snapshot.iter().cloned().map(Ok))
        .expect("a journal");
    let (mut journal, shorter, again) = read().expect("a good journal");
    assert_eq!(again, snapshot);
    assert_eq!(written(&shorter), snapshot);

    journal
        .rewrite(events.iter().cloned().map(Ok))
        .expect("a journal");
    let (_, _, again) = read().expect("a good journal");
    assert_eq!(again, events);
});
