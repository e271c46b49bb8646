//! A web service that was taken over, and sends what no client of ours would: as the user
//! registrar-web, in raw bytes, on the submit socket. After each attack the daemon is the one that
//! was started, ready and small, and the host is as it was.
mod support;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use provision_api::INTERFACE;
use serde_json::{Value, json};
use support::daemon::*;
use support::private_host::{PrivateHost, private_host, run};
use support::snapshot::{Snapshot, assert_well};
use support::wire::{WEB, Wire, add_web_user, connect_as, error_of, message};

/// A daemon with one member, to whom nothing may happen.
fn besieged(host: &PrivateHost, settings: &str) -> (Daemon, Snapshot) {
    add_web_user(host);
    let daemon = Daemon::start(host, settings);
    daemon.submit().make_active("ada");
    (daemon, Snapshot::take())
}

/// Reads what is left, and whether the daemon closed the connection by itself.
fn rest(wire: &mut Wire) -> Vec<Value> {
    std::iter::from_fn(|| wire.read()).collect()
}

#[test]
fn bytes_that_are_no_call_get_one_clean_error_each_and_the_connection_goes_on() {
    private_host(|host| {
        let (daemon, before) = besieged(host, "");
        let health = format!("{INTERFACE}.Health");
        // As deep as fits into a message.
        let deep = |open: &str, close: &str| {
            let levels = 65_000 / (open.len() + close.len());
            open.repeat(levels) + &close.repeat(levels)
        };
        let mut messages: Vec<Vec<u8>> = [
            "",
            " ",
            "null",
            "0",
            "\"x\"",
            "[]",
            "{}",
            "{",
            "{nonsense",
            "{\"method\":5}",
            "{\"method\":null}",
            "{\"method\":[\"x\"]}",
            "{\"method\":\"x\"} {\"method\":\"x\"}",
            "\u{feff}{}",
        ]
        .iter()
        .map(|text| text.as_bytes().to_vec())
        .collect();
        messages.push(b"\xff\xfe{\"method\":\"x\"}".to_vec());
        messages.push(format!("{{\"method\":\"{health}\",\"x\":\"").into_bytes());
        messages.push([b"{\"method\":\"", &b"\xc3\x28"[..], b"\"}"].concat());
        messages.push(deep("[", "]").into_bytes());
        messages.push(deep("{\"a\":", "}").into_bytes());
        for envelope in [
            json!({"method": health, "parameters": null}),
            json!({"method": health, "parameters": []}),
            json!({"method": health, "parameters": "requestId"}),
            json!({"method": health, "parameters": {}}),
            json!({"method": health, "more": 1}),
            json!({"method": health, "oneway": "yes"}),
            json!({"method": health, "upgrade": true, "parameters": {"requestId": id().to_string()}}),
            json!({"method": health, "uid": 0}),
        ] {
            messages.push(envelope.to_string().into_bytes());
        }
        for parameters in [deep("[", "]"), deep("{\"a\":", "}")] {
            let text = format!("{{\"method\":\"{health}\",\"parameters\":{parameters}}}");
            messages.push(text.into_bytes());
            let text = format!(
                "{{\"method\":\"{health}\",\"parameters\":{{\"requestId\":{parameters}}}}}"
            );
            messages.push(text.into_bytes());
        }
        let id = id();
        let twice = format!(
            "{{\"method\":\"{health}\",\"parameters\":{{\"requestId\":\"{id}\",\"requestId\":\"{id}\"}}}}"
        );
        messages.push(twice.into_bytes());

        let mut wire = Wire::web();
        for message in messages {
            let reply = wire.ask(&message);
            let shown = String::from_utf8_lossy(&message[..message.len().min(80)]);
            assert!(
                matches!(
                    error_of(&reply),
                    "BadMessage" | "InvalidArgument" | "MethodNotFound" | "InterfaceNotFound"
                ),
                "{shown}: {reply}"
            );
            assert!(reply.to_string().len() < 1024, "{shown}: {reply}");
        }
        assert!(wire.is_ready());
        assert_well(&daemon);
        before.assert_same();
    });
}

#[test]
fn every_field_of_every_method_refuses_every_wrong_type_by_name_and_without_its_value() {
    private_host(|host| {
        let (daemon, before) = besieged(host, "");
        let text = |text: &str| Value::from(text);
        let (registration, name, hash, key) = (
            text(&registration().to_string()),
            text("eve"),
            text(HASH),
            json!([KEY]),
        );
        let methods: [(&str, Vec<(&str, Value)>); 7] = [
            (
                "CreateAccount",
                vec![
                    ("registrationId", registration.clone()),
                    ("username", name.clone()),
                    ("displayName", text("Eve")),
                ],
            ),
            (
                "ConfigureMail",
                vec![
                    ("registrationId", registration.clone()),
                    ("username", name.clone()),
                ],
            ),
            (
                "ActivateAccount",
                vec![
                    ("registrationId", registration.clone()),
                    ("username", name.clone()),
                    ("passwordHash", hash.clone()),
                    ("sshKeys", key.clone()),
                ],
            ),
            (
                "DiscardAccount",
                vec![("registrationId", registration), ("username", name.clone())],
            ),
            (
                "SetPassword",
                vec![("username", name.clone()), ("passwordHash", hash)],
            ),
            (
                "SetSshKeys",
                vec![("username", name.clone()), ("sshKeys", key)],
            ),
            ("GetAccount", vec![("username", name)]),
        ];
        const SECRET: &str = "hunter2hunter2";
        let wrong = [
            json!(true),
            json!(-1),
            json!(1e300),
            json!(18_446_744_073_709_551_615_u64),
            json!({"a": SECRET}),
            json!([[SECRET]]),
            json!([0]),
            json!(SECRET.repeat(300)),
            json!(format!("{SECRET}\u{0}\n:")),
            json!(format!(", expected {SECRET} at line 1")),
        ];
        let mut wire = Wire::web();
        for (method, fields) in methods {
            for (field, _) in &fields {
                let wrong = wrong.iter().chain([&Value::Null]);
                for value in wrong {
                    // An absent password is one that is not wanted, and null says the same.
                    let optional = *field == "passwordHash" && method == "ActivateAccount";
                    // Almost any line is a name.
                    let is_name = *field == "displayName"
                        && value.as_str().is_some_and(|v| v.starts_with(','));
                    if (optional && value.is_null()) || is_name {
                        continue;
                    }
                    let mut parameters: serde_json::Map<String, Value> = fields
                        .iter()
                        .map(|(name, good)| ((*name).to_owned(), good.clone()))
                        .collect();
                    parameters.insert((*field).to_owned(), value.clone());
                    let reply = wire.call(method, parameters.into());
                    assert_eq!(error_of(&reply), "InvalidArgument", "{method}: {reply}");
                    let named = reply["parameters"]["field"].as_str().unwrap();
                    assert!(named.starts_with(field), "{method}.{field}: {reply}");
                    assert!(!reply.to_string().contains("hunter2"), "{reply}");
                }
            }
            let mut parameters: serde_json::Map<String, Value> =
                fields.into_iter().map(|(n, v)| (n.to_owned(), v)).collect();
            parameters.insert("uid".into(), 0.into());
            let reply = wire.call(method, parameters.into());
            assert!(reply.to_string().contains("unknown field `uid`"), "{reply}");
        }
        assert_well(&daemon);
        before.assert_same();
    });
}

#[test]
fn a_call_before_a_message_that_is_too_large_is_answered_and_nothing_after_it() {
    private_host(|host| {
        let (daemon, before) = besieged(host, "");
        let health = message("Health", json!({}));
        // White space fills a message to the last byte that is allowed.
        let filled = |bytes: usize| {
            let mut message = health.clone().into_bytes();
            message.resize(bytes, b' ');
            message
        };
        let mut wire = Wire::web();
        let reply = wire.ask(filled(64 * 1024));
        assert_eq!(reply["parameters"]["ready"], true);

        let mut bytes = [health.as_bytes(), &[0]].concat();
        bytes.extend(filled(64 * 1024 + 1));
        bytes.extend([&[0], health.as_bytes(), &[0]].concat());
        let _ = wire.stream.write_all(&bytes);
        let replies = rest(&mut wire);
        assert_eq!(replies.len(), 2, "{replies:?}");
        assert_eq!(replies[0]["parameters"]["ready"], true);
        assert_eq!(error_of(&replies[1]), "BadMessage");

        // A hundred megabytes without an end are not read, let alone kept.
        let mut endless = Wire::web();
        let chunk = vec![b'a'; 1 << 20];
        let taken = (0..100).take_while(|_| endless.stream.write_all(&chunk).is_ok());
        assert!(taken.count() < 3);
        assert_well(&daemon);
        before.assert_same();
    });
}

#[test]
fn connections_that_are_left_in_the_middle_of_a_message_give_their_places_back() {
    private_host(|host| {
        let (daemon, before) = besieged(
            host,
            "[limits]\nmax_connections = 6\nmax_connections_per_uid = 4\n",
        );
        let create = message(
            "CreateAccount",
            json!({"registrationId": registration().to_string(), "username": "eve", "displayName": "Eve"}),
        );
        for round in 0..60 {
            let mut wire = Wire::web();
            // More and more of the message, but never its end.
            let bytes = create.len() * round / 60;
            // A daemon that has not yet seen the last ones go may turn this one away.
            let _ = wire.stream.write_all(&create.as_bytes()[..bytes]);
        }
        let deadline = Instant::now() + Duration::from_secs(20);
        while !Wire::web().is_ready() {
            assert!(Instant::now() < deadline, "a place was lost");
        }
        assert_well(&daemon);
        before.assert_same();
    });
}

#[test]
fn thousands_of_calls_in_one_stream_are_answered_in_their_order() {
    private_host(|host| {
        let (daemon, before) = besieged(host, "");
        const CALLS: usize = 4_000;
        let mut wire = Wire::web();
        let mut writer = wire.stream.try_clone().unwrap();
        let ids: Vec<String> = (0..CALLS).map(|_| id().to_string()).collect();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for (number, id) in ids.iter().enumerate() {
                    let call = match number % 4 {
                        0 => message("Health", json!({"requestId": id})),
                        1 => message("GetAccount", json!({"requestId": id, "username": "root"})),
                        2 => message("RemoveAccount", json!({"requestId": id, "username": "ada"})),
                        _ => message(
                            "CheckUsername",
                            json!({"requestId": id, "username": "../.."}),
                        ),
                    };
                    writer.write_all(&[call.as_bytes(), &[0]].concat()).unwrap();
                }
            });
            for id in &ids {
                let reply = wire.read().expect("an answer");
                assert_eq!(reply["parameters"]["requestId"], id.as_str());
            }
        });
        assert_well(&daemon);
        before.assert_same();
    });
}

#[test]
fn a_caller_who_never_reads_is_cut_off_and_keeps_nobody_waiting() {
    private_host(|host| {
        let (daemon, before) = besieged(host, "[limits]\nwrite_deadline_seconds = 1\n");
        let describe = json!({
            "method": "org.varlink.service.GetInterfaceDescription",
            "parameters": {"interface": INTERFACE},
        })
        .to_string();
        let bytes = [describe.as_bytes(), &[0]].concat().repeat(200);
        let deaf: Vec<Wire> = (0..20).map(|_| Wire::web()).collect();
        std::thread::scope(|scope| {
            let senders: Vec<_> = deaf
                .iter()
                .map(|wire| {
                    scope.spawn(|| {
                        // Ends with an error once the daemon has closed the connection.
                        let mut stream = &wire.stream;
                        (0..1_000).all(|_| stream.write_all(&bytes).is_ok())
                    })
                })
                .collect();
            let started = Instant::now();
            while started.elapsed() < Duration::from_millis(1_500) {
                let asked = Instant::now();
                assert!(Wire::root(ADMIN).is_ready());
                assert!(asked.elapsed() < Duration::from_secs(5));
                std::thread::sleep(Duration::from_millis(50));
            }
            for sender in senders {
                assert!(!sender.join().unwrap(), "it could go on for ever");
            }
            assert!(started.elapsed() < Duration::from_secs(30));
        });
        assert_well(&daemon);
        before.assert_same();
    });
}

#[test]
fn a_hundred_senders_who_trickle_keep_nobody_waiting_and_are_all_told() {
    private_host(|host| {
        let (daemon, before) = besieged(host, "[limits]\nread_deadline_seconds = 2\n");
        let mut slow: Vec<Wire> = (0..100).map(|_| Wire::web()).collect();
        // Almost a whole message of each is held at once.
        for wire in &mut slow {
            wire.stream.write_all(&vec![b' '; 60_000]).unwrap();
        }
        let call = message("Health", json!({}));
        let started = Instant::now();
        for byte in call.as_bytes() {
            for wire in &mut slow {
                let _ = wire.stream.write_all(&[*byte]);
            }
            assert!(Wire::root(SUBMIT).is_ready());
            std::thread::sleep(Duration::from_millis(40));
            if started.elapsed() > Duration::from_secs(3) {
                break;
            }
        }
        for mut wire in slow {
            let replies = rest(&mut wire);
            assert_eq!(replies.len(), 1, "{replies:?}");
            assert_eq!(error_of(&replies[0]), "BadMessage");
        }
        assert!(started.elapsed() < Duration::from_secs(20));
        assert_well(&daemon);
        before.assert_same();
    });
}

/// Opens connections as registrar-web, calls on each, counts the answers, and holds on.
const CROWD: &str = r#"
    use Socket; my ($path, $count, $call) = @ARGV; my (@held, %said); $| = 1; $SIG{PIPE} = 'IGNORE';
    for (1 .. $count) {
        socket(my $s, PF_UNIX, SOCK_STREAM, 0) or die "socket: $!";
        connect($s, pack_sockaddr_un($path)) or die "connect: $!";
        syswrite($s, "$call\0"); push @held, $s;
    }
    for my $s (@held) {
        my $got = ''; sysread($s, $got, 65536);
        $said{$got =~ /"ready":true/ ? 'served' : $got =~ /RateLimited/ ? 'refused' : 'dropped'}++;
    }
    printf "%d served %d refused %d dropped\n", map { $said{$_} // 0 } qw(served refused dropped);
    <STDIN>;
"#;

#[test]
fn a_thousand_connections_of_the_web_user_leave_room_for_everybody_else() {
    private_host(|host| {
        run("/usr/sbin/groupadd", &["-g", "904", "registrar-admin"]);
        host.add_user("keeper", 903);
        run("/usr/sbin/usermod", &["-aG", "registrar-admin", "keeper"]);
        let (daemon, before) = besieged(host, "");
        let mut crowd = Command::new("/bin/sh")
            .args([
                "-c",
                "ulimit -n 2048 && exec /usr/bin/perl -e \"$0\" \"$@\"",
            ])
            .args([CROWD, SUBMIT, "1000"])
            .arg(message("Health", json!({})))
            .uid(WEB)
            .gid(WEB)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let mut output = BufReader::new(crowd.stdout.take().unwrap());
        output.read_line(&mut said).unwrap();
        // The defaults: 128 of one uid, and as many again are told why not.
        let counts: Vec<usize> = said.split(' ').filter_map(|w| w.parse().ok()).collect();
        assert_eq!(counts.iter().sum::<usize>(), 1_000, "{said}");
        assert_eq!(counts[0], 128, "{said}");
        assert!(counts[1] >= 128, "{said}");
        // The log is no place to hide in either.
        assert!(daemon.log().matches("not served").count() <= 100);

        // They are all still there.
        assert!(!Wire::web().is_ready());
        assert!(Wire::root(SUBMIT).is_ready() && Wire::root(ADMIN).is_ready());
        let mut keeper = Wire::new(connect_as(903, 904, ADMIN).unwrap());
        let listed = keeper.call("ListAccounts", json!({"limit": 5}));
        assert_eq!(listed["parameters"]["accounts"][0]["username"], "ada");
        let suspended = daemon
            .admin()
            .change(&on(provision_api::Method::SuspendAccount, "ada"));
        suspended.unwrap();
        daemon
            .admin()
            .change(&on(provision_api::Method::ResumeAccount, "ada"))
            .unwrap();
        assert_well(&daemon);

        drop(crowd.stdin.take());
        assert!(crowd.wait().unwrap().success());
        let deadline = Instant::now() + Duration::from_secs(20);
        while !Wire::web().is_ready() {
            assert!(Instant::now() < deadline, "the places did not come back");
        }
        before.assert_only(&support::snapshot::DATABASES);
    });
}
