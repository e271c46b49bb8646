//! A key that is taken is one line, without options, that reads back as the same key, by our
//! reader and by the library's.
#![no_main]

use libfuzzer_sys::fuzz_target;
use provision_api::SshPublicKey;
use ssh_key::{HashAlg, PublicKey};

fn judge(key: &SshPublicKey) {
    let line = key.as_line();
    assert!(!line.chars().any(char::is_control), "{line:?}");
    assert_eq!(line, line.trim());
    let kind = line.split(' ').next().expect("a word");
    assert!(
        ["ssh-", "ecdsa-", "sk-"]
            .iter()
            .any(|p| kind.starts_with(p))
            && !kind.contains(['=', '"']),
        "{line:?}"
    );
    let again = SshPublicKey::parse(line).expect("what was written can be read");
    assert_eq!(again.as_line(), line);
    let other = PublicKey::from_openssh(line).expect("the library reads it");
    assert_eq!(
        other.fingerprint(HashAlg::Sha256).to_string(),
        key.fingerprint()
    );
    let shown = format!("{key:?}");
    let body = line.split(' ').nth(1).expect("a body");
    assert!(!shown.contains(body), "{shown}");
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(key) = SshPublicKey::parse(text) {
        judge(&key);
    }
    match SshPublicKey::parse_lines(text) {
        Ok(keys) => keys.iter().for_each(judge),
        Err((line, rule)) => assert!(line >= 1 && !rule.code().is_empty()),
    }
});
