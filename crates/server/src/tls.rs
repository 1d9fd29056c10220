//! Certificates out of files: our own, and those that webhooks trust.

use crate::config::Settings;
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, ClientConfig, RootCertStore, ServerConfig,
        crypto::{CryptoProvider, ring},
        pki_types::{
            CertificateDer, PrivateKeyDer,
            pem::{self, PemObject as _},
        },
    },
};

/// How often it is looked whether the files of our certificate have changed.
const LOOK: Duration = Duration::from_secs(60);

/// A connection, with TLS or without.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Why a file that a setting names can't be used.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{setting}` is {}: {why}", path.display())]
pub struct FileError {
    /// The setting.
    pub setting: &'static str,
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

impl FileError {
    fn of(setting: &'static str, path: &Path) -> impl Fn(String) -> Self {
        move |why| Self { setting, path: path.to_owned(), why }
    }
}

/// The one implementation of ciphers and signatures that we use.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// What a client trusts: the authorities that browsers trust, and those of a file.
///
/// # Errors
/// [`FileError`] for a file that holds no certificate, or one that can't be read.
pub(crate) fn client(
    setting: &'static str,
    file: Option<&Path>,
) -> Result<Arc<ClientConfig>, FileError> {
    let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    if let Some(path) = file {
        let told = FileError::of(setting, path);
        for certificate in certificates(setting, path)? {
            roots
                .add(certificate)
                .map_err(|error| told(format!("a certificate can't be trusted: {error}")))?;
        }
    }
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| FileError::of(setting, Path::new(""))(error.to_string()))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

/// Our own certificate with its key. Files that change are read again, so that a certificate can be renewed while it
/// is used.
pub(crate) struct Own {
    certificate: PathBuf,
    key: PathBuf,
    acceptor: RwLock<TlsAcceptor>,
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Own").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

impl Own {
    /// Reads the files that the settings name; none if they name none.
    ///
    /// # Errors
    /// [`FileError`]: a file that is none, holds no certificate or key, or a key of another certificate.
    pub(crate) fn read(settings: &Settings) -> Result<Option<Arc<Self>>, FileError> {
        let Some((certificate, key)) = settings.tls_cert.clone().zip(settings.tls_key.clone())
        else {
            return Ok(None);
        };
        let acceptor = RwLock::new(acceptor(&certificate, &key)?);
        Ok(Some(Arc::new(Self { certificate, key, acceptor })))
    }

    /// What shakes hands with whoever connects now.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the files again; what they were before stays where they can't be used.
    fn renew(&self) {
        match acceptor(&self.certificate, &self.key) {
            Ok(acceptor) => {
                *self.acceptor.write().unwrap_or_else(PoisonError::into_inner) = acceptor;
                tracing::info!(file = %self.certificate.display(), "the certificate was read again");
            }
            Err(error) => {
                tracing::error!(%error, "the certificate has changed and can't be used: the one before is used on");
            }
        }
    }

    /// When the files last changed.
    fn changed(&self) -> [Option<SystemTime>; 2] {
        [&self.certificate, &self.key].map(|path| std::fs::metadata(path).ok()?.modified().ok())
    }

    /// Reads files that change until the service ends.
    pub(crate) async fn keep(self: Arc<Self>, mut stopping: watch::Receiver<bool>) {
        let mut read = self.changed();
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                _ = stopping.wait_for(|stop| *stop) => return,
            }
            let now = self.changed();
            if now != read {
                self.renew();
                read = now;
            }
        }
    }
}

fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, FileError> {
    let chain = certificates("tls_cert", certificate)?;
    let told = FileError::of("tls_key", key);
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| match error {
        pem::Error::NoItemsFound => {
            told("it holds no key; expected PEM, `-----BEGIN PRIVATE KEY-----`".to_owned())
        }
        other => told(explained(&other)),
    })?;
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| told(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, secret);
    let mut config = config.map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => {
            told(format!("it is not the key of the certificate in {}", certificate.display()))
        }
        other => told(other.to_string()),
    })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The certificates of a PEM file; at least one.
fn certificates(
    setting: &'static str,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, FileError> {
    let told = FileError::of(setting, path);
    let wrong = |error: pem::Error| told(explained(&error));
    let read = CertificateDer::pem_file_iter(path).map_err(wrong)?;
    let all: Vec<_> = read.collect::<Result<_, _>>().map_err(wrong)?;
    if all.is_empty() {
        return Err(told(
            "it holds no certificate; expected PEM, `-----BEGIN CERTIFICATE-----`".into(),
        ));
    }
    Ok(all)
}

fn explained(error: &pem::Error) -> String {
    match error {
        pem::Error::Io(error) => error.to_string(),
        other => format!("not PEM: {other}"),
    }
}

impl fmt::Debug for dyn Io {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Io")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair};

    fn pair(folder: &Path, name: &str) -> [PathBuf; 2] {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["fund.example".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let files = ["pem", "key"].map(|end| folder.join(format!("{name}.{end}")));
        std::fs::write(&files[0], certificate.pem()).unwrap();
        std::fs::write(&files[1], key.serialize_pem()).unwrap();
        files
    }

    #[test]
    fn wrong_files_are_told_with_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let [certificate, key] = pair(folder.path(), "one");
        let [_, other] = pair(folder.path(), "two");
        let junk = folder.path().join("junk");
        std::fs::write(&junk, "junk").unwrap();
        let missing = folder.path().join("missing");
        assert!(acceptor(&certificate, &key).is_ok());
        for (certificate, key, setting, needle) in [
            (&missing, &key, "tls_cert", "missing: No such file"),
            (&junk, &key, "tls_cert", "holds no certificate"),
            (&key, &key, "tls_cert", "holds no certificate"),
            (&certificate, &missing, "tls_key", "missing: No such file"),
            (&certificate, &junk, "tls_key", "holds no key"),
            (&certificate, &certificate, "tls_key", "holds no key"),
            (&certificate, &other, "tls_key", "not the key of the certificate"),
        ] {
            let error = acceptor(certificate, key).map(drop).unwrap_err().to_string();
            assert!(error.contains(setting) && error.contains(needle), "{error}");
        }
    }

    #[test]
    fn a_renewed_certificate_is_taken_up_and_a_broken_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let [certificate, key] = pair(folder.path(), "one");
        let own = Own {
            acceptor: RwLock::new(acceptor(&certificate, &key).unwrap()),
            certificate: certificate.clone(),
            key,
        };
        let used = |own: &Own| Arc::as_ptr(own.acceptor().config());
        let first = used(&own);
        std::fs::write(&certificate, "junk").unwrap();
        own.renew();
        assert_eq!(used(&own), first);
        pair(folder.path(), "one");
        own.renew();
        assert_ne!(used(&own), first);
    }
}
