//! Certificates out of files, and what is trusted.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::rustls::{
    ClientConfig, RootCertStore,
    crypto::{CryptoProvider, ring},
    pki_types::{
        CertificateDer,
        pem::{self, PemObject as _},
    },
};

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
