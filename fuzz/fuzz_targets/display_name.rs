//! A display name is one visible line, and its GECOS form stays one field of passwd(5), whatever
//! was typed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use provision_api::DisplayName;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(name) = DisplayName::parse(text) else {
        return;
    };
    assert_eq!(name.as_str(), text.trim());
    assert!(!name.as_str().chars().any(char::is_control));
    assert!(name.as_str().len() <= DisplayName::MAX_BYTES);
    assert_eq!(DisplayName::parse(name.as_str()).as_ref(), Ok(&name));
    let json = serde_json::to_string(&name).expect("a text");
    assert_eq!(
        serde_json::from_str::<DisplayName>(&json).expect("the same"),
        name
    );

    let gecos = name.to_gecos();
    let line = format!("ada:x:20000:20000:{gecos}:/home/ada:/bin/bash\n");
    assert_eq!(line.lines().count(), 1, "{line:?}");
    let fields: Vec<&str> = line.trim_end_matches('\n').split(':').collect();
    assert_eq!(fields.len(), 7, "{line:?}");
    assert_eq!(fields[4], gecos);
    // finger(1) takes `,` for the end of the name and `&` for the username in capitals.
    assert!(!gecos.contains([',', '&', '=', '\\']), "{gecos:?}");
    assert!(!gecos.chars().any(char::is_control), "{gecos:?}");
    if let Ok(again) = DisplayName::parse(&gecos) {
        assert_eq!(again.to_gecos(), gecos);
    }
    // Nothing that can be kept is lost.
    let kept = |text: &str| -> String {
        text.chars()
            .filter(|c| !c.is_whitespace() && !":,=&\\".contains(*c))
            .collect()
    };
    assert_eq!(kept(&gecos), kept(name.as_str()));
});
