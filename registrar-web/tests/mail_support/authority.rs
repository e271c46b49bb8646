//! A certificate authority of the test's own, made when the test runs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

pub(crate) struct Authority {
    directory: tempfile::TempDir,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let authority = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        authority.openssl("ca", "/CN=Test Authority", &[]);
        authority
    }

    /// Its certificate, for `mail.ca_file`.
    pub(crate) fn file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// A server's side of TLS, with a certificate for that name (`DNS:…`, `IP:…`).
    pub(crate) fn server(&self, name: &str) -> TlsAcceptor {
        let path = |file: &str| self.directory.path().join(file);
        let (ca, key) = (path("ca.pem"), path("ca.key"));
        let name = format!("subjectAltName={name}");
        #[rustfmt::skip]
        let signed = [
            "-CA", text(&ca), "-CAkey", text(&key), "-addext", &name,
            "-addext", "basicConstraints=critical,CA:FALSE",
        ];
        self.openssl("server", "/CN=Test Server", &signed);
        let chain = CertificateDer::pem_file_iter(path("server.pem"))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let key = PrivateKeyDer::from_pem_file(path("server.key")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(
            tokio_rustls::rustls::crypto::aws_lc_rs::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    fn openssl(&self, stem: &str, subject: &str, more: &[&str]) {
        let file = |end: &str| self.directory.path().join(format!("{stem}.{end}"));
        #[rustfmt::skip]
        let output = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
            .args(["-days", "1", "-subj", subject, "-keyout"])
            .arg(file("key"))
            .arg("-out")
            .arg(file("pem"))
            .args(more)
            .output()
            .expect("openssl is installed");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
