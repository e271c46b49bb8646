//! The sockets as a stranger would use them: raw bytes over the real thing.
mod support;

use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{Duration, Instant};

use provision_api::{INTERFACE, INTERFACE_DESCRIPTION, Method, ProvisionError};
use serde_json::{Value, json};
use support::daemon::*;
use support::private_host::private_host;

fn connect(socket: &str) -> UnixStream {
    let stream = UnixStream::connect(socket).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream
}

/// The next message, or `None` when the daemon closed the connection.
fn read(stream: &mut UnixStream) -> Option<Value> {
    let mut message = Vec::new();
    let mut byte = [0];
    loop {
        match stream.read(&mut byte) {
            Ok(0) | Err(_) => return None,
            Ok(_) if byte[0] == 0 => return Some(serde_json::from_slice(&message).unwrap()),
            Ok(_) => message.push(byte[0]),
        }
    }
}

fn ask(stream: &mut UnixStream, call: &Value) -> Value {
    let mut bytes = serde_json::to_vec(call).unwrap();
    bytes.push(0);
    stream.write_all(&bytes).unwrap();
    read(stream).expect("an answer")
}

fn health(stream: &mut UnixStream) -> Value {
    let call = json!({"method": format!("{INTERFACE}.Health"), "parameters": {"requestId": id().to_string()}});
    ask(stream, &call)
}

#[test]
fn the_description_on_the_wire_is_the_file_that_is_checked_in() {
    private_host(|host| {
        let _daemon = Daemon::start(host, "");
        let mut stream = connect(SUBMIT);
        let call = json!({"method": "org.varlink.service.GetInterfaceDescription", "parameters": {"interface": INTERFACE}});
        let reply = ask(&mut stream, &call);
        assert_eq!(reply["parameters"]["description"], INTERFACE_DESCRIPTION);
        let reply = ask(
            &mut stream,
            &json!({"method": "org.varlink.service.GetInfo"}),
        );
        assert_eq!(reply["parameters"]["product"], "provisiond");
        assert_eq!(reply["parameters"]["interfaces"][1], INTERFACE);
    });
}

#[test]
fn unknown_methods_interfaces_and_fields_get_the_standard_errors_and_the_connection_goes_on() {
    private_host(|host| {
        let _daemon = Daemon::start(host, "");
        let mut stream = connect(SUBMIT);
        for (call, error, parameter) in [
            (
                json!({"method": format!("{INTERFACE}.Reboot")}),
                "org.varlink.service.MethodNotFound",
                "method",
            ),
            (
                json!({"method": "org.example.Other.Do"}),
                "org.varlink.service.InterfaceNotFound",
                "interface",
            ),
            (
                json!({"method": "org.varlink.service.GetInterfaceDescription", "parameters": {"interface": "x.y"}}),
                "org.varlink.service.InterfaceNotFound",
                "interface",
            ),
            (
                json!({"method": format!("{INTERFACE}.Health"), "parameters": {"requestId": id().to_string(), "uid": 0}}),
                "org.cosmicregistrar.Provision.InvalidArgument",
                "requestId",
            ),
        ] {
            let reply = ask(&mut stream, &call);
            let is_bad_message = reply["error"] == "org.cosmicregistrar.Provision.BadMessage";
            assert!(reply["error"] == error || is_bad_message, "{reply}");
            assert!(reply["parameters"][parameter].is_string(), "{reply}");
        }
        stream.write_all(b"{nonsense\0").unwrap();
        let reply = read(&mut stream).unwrap();
        assert_eq!(reply["error"], "org.cosmicregistrar.Provision.BadMessage");
        assert_eq!(health(&mut stream)["parameters"]["ready"], true);
    });
}

#[test]
fn a_message_over_64_kib_is_refused_and_the_daemon_goes_on() {
    private_host(|host| {
        let _daemon = Daemon::start(host, "");
        let mut stream = connect(SUBMIT);
        // Endless, without a NUL; the daemon may close before all of it is written.
        let _ = stream.write_all(&vec![b' '; 70_000]);
        let reply = read(&mut stream).unwrap();
        assert_eq!(reply["error"], "org.cosmicregistrar.Provision.BadMessage");
        assert!(
            reply["parameters"]["message"]
                .as_str()
                .unwrap()
                .contains("65536")
        );
        assert_eq!(read(&mut stream), None);
        assert_eq!(health(&mut connect(SUBMIT))["parameters"]["ready"], true);
    });
}

#[test]
fn a_sender_who_trickles_is_told_so_at_the_deadline() {
    private_host(|host| {
        let _daemon = Daemon::start(host, "[limits]\nread_deadline_seconds = 1\n");
        let mut slow = connect(SUBMIT);
        let mut writer = slow.try_clone().unwrap();
        let started = Instant::now();
        let trickle = std::thread::spawn(move || {
            while writer.write_all(b" ").is_ok() && started.elapsed() < Duration::from_secs(5) {
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        // Meanwhile everyone else is served.
        assert_eq!(health(&mut connect(SUBMIT))["parameters"]["ready"], true);
        let reply = read(&mut slow).unwrap();
        assert!(started.elapsed() < Duration::from_secs(4));
        assert_eq!(reply["error"], "org.cosmicregistrar.Provision.BadMessage");
        drop(slow);
        trickle.join().unwrap();
    });
}

#[test]
fn too_many_connections_are_refused_by_name_and_places_come_back() {
    private_host(|host| {
        let _daemon = Daemon::start(host, "[limits]\nmax_connections = 3\n");
        let mut held: Vec<_> = (0..3).map(|_| connect(SUBMIT)).collect();
        for stream in &mut held {
            assert_eq!(health(stream)["parameters"]["ready"], true);
        }
        let reply = health(&mut connect(SUBMIT));
        assert_eq!(reply["error"], "org.cosmicregistrar.Provision.RateLimited");
        assert_eq!(
            reply["parameters"]["requestId"].as_str().map(str::len),
            Some(36)
        );
        drop(held);
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(health(&mut connect(SUBMIT))["parameters"]["ready"], true);
    });
}

#[test]
fn steps_come_only_to_who_asks_for_more_and_nothing_to_who_wants_no_answer() {
    private_host(|host| {
        let _daemon = Daemon::start(host, "");
        let mut stream = connect(SUBMIT);
        let call = |name: &str| {
            let method = create(registration(), name, "Name");
            serde_json::to_value(&method).unwrap()
        };
        let reply = ask(&mut stream, &call("first"));
        assert_eq!(reply["parameters"]["account"]["username"], "first");
        assert!(reply.get("continues").is_none());

        let mut with_more = call("second");
        with_more["more"] = true.into();
        let mut reply = ask(&mut stream, &with_more);
        let mut steps = Vec::new();
        while reply["continues"] == true {
            steps.push(reply["parameters"]["step"].as_str().unwrap().to_owned());
            reply = read(&mut stream).unwrap();
        }
        assert_eq!(
            steps,
            ["refuseMail", "group", "user", "stageHome", "record"]
        );

        let mut oneway = call("third");
        oneway["oneway"] = true.into();
        let mut bytes = serde_json::to_vec(&oneway).unwrap();
        bytes.push(0);
        stream.write_all(&bytes).unwrap();
        // The next answer is that of the next call.
        assert_eq!(health(&mut stream)["parameters"]["accounts"], 3);
    });
}

#[test]
fn verbs_that_take_something_away_are_not_offered_on_the_submit_socket() {
    private_host(|host| {
        let daemon = Daemon::start(host, "");
        let submit = daemon.submit();
        submit.make_active("ada");
        for method in [
            on(Method::SuspendAccount, "ada"),
            on(Method::ResumeAccount, "ada"),
            on(Method::ArchiveAccount, "ada"),
            on(Method::RestoreAccount, "ada"),
            on(Method::RemoveAccount, "ada"),
        ] {
            let refused = submit.change(&method).unwrap_err();
            assert!(matches!(refused, ProvisionError::NotPermitted { .. }));
        }
        let call = json!({"method": format!("{INTERFACE}.ListAccounts"), "parameters": {"requestId": id().to_string(), "limit": 5}});
        let reply = ask(&mut connect(SUBMIT), &call);
        assert_eq!(reply["error"], "org.cosmicregistrar.Provision.NotPermitted");
        assert_eq!(daemon.admin().list(None, 5).accounts.len(), 1);
    });
}

/// Asks for `Health` as another user, by a program of its own.
fn health_as(uid: u32, gid: u32, socket: &str) -> String {
    let call = format!(
        r#"{{"method":"{INTERFACE}.Health","parameters":{{"requestId":"{}"}}}}"#,
        id()
    );
    let script = "import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.settimeout(10)\n\
        s.connect(sys.argv[1])\ns.sendall(sys.argv[2].encode()+b'\\0')\nprint(s.recv(65536).decode())";
    let output = Command::new("/usr/bin/python3")
        .args(["-c", script, socket, &call])
        .uid(uid)
        .gid(gid)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    String::from_utf8(output.stdout).unwrap() + &error
}

#[test]
fn cve_2013_4288_a_peer_is_judged_by_its_uid_and_socket_mode_and_list_must_both_allow() {
    private_host(|host| {
        if !support::private_host::has_program("/usr/bin/python3", "python3") {
            return;
        }
        host.add_user("registrar-web", 901);
        host.add_user("stranger", 902);
        host.add_user("keeper", 903);
        support::private_host::run("/usr/sbin/groupadd", &["-g", "904", "registrar-admin"]);
        support::private_host::run("/usr/sbin/usermod", &["-aG", "registrar-admin", "keeper"]);
        let _daemon = Daemon::start(host, "");
        for (socket, gid) in [(SUBMIT, 901), (ADMIN, 904)] {
            let meta = std::fs::metadata(socket).unwrap();
            assert!(meta.file_type().is_socket());
            assert_eq!(meta.permissions().mode() & 0o777, 0o660, "{socket}");
            assert_eq!((meta.uid(), meta.gid()), (0, gid), "{socket}");
        }
        assert!(health_as(901, 901, SUBMIT).contains("\"ready\":true"));
        assert!(health_as(903, 904, ADMIN).contains("\"ready\":true"));
        // The mode alone keeps strangers out.
        assert!(health_as(902, 902, SUBMIT).contains("PermissionError"));
        assert!(health_as(901, 901, ADMIN).contains("PermissionError"));
        // The list keeps them out where the mode lets them in.
        assert!(health_as(902, 901, SUBMIT).contains("NotPermitted"));
        assert!(health_as(902, 904, ADMIN).contains("NotPermitted"));
        assert!(health_as(901, 904, ADMIN).contains("NotPermitted"));
    });
}

#[test]
fn reads_are_answered_while_a_change_takes_its_time() {
    private_host(|host| {
        let daemon = Daemon::start(host, "");
        // Whoever holds the lock of the account database keeps the worker waiting.
        let lock = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open("/etc/.pwd.lock")
            .unwrap();
        let mut region = libc_flock();
        region.l_type = nix::libc::F_WRLCK.try_into().unwrap();
        nix::fcntl::fcntl(&lock, nix::fcntl::FcntlArg::F_SETLK(&region)).unwrap();
        let submit = daemon.submit();
        std::thread::scope(|scope| {
            let change =
                scope.spawn(|| Caller::new(SUBMIT).change(&create(registration(), "ada", "Ada")));
            std::thread::sleep(Duration::from_millis(300));
            let started = Instant::now();
            assert!(submit.health().ready);
            assert!(!submit.check("ada").available);
            assert!(submit.check("bob").available);
            assert!(started.elapsed() < Duration::from_secs(2));
            assert!(!change.is_finished(), "the lock did not hold");
            drop(lock);
            change.join().unwrap().unwrap();
        });
    });
}

fn libc_flock() -> nix::libc::flock {
    nix::libc::flock {
        l_type: 0,
        l_whence: 0,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    }
}
