//! TLS for the line to a relay: which certificates are trusted, and what to tell the operator when one is not.
//!
//! rustls with aws-lc-rs, always verified: there is no way to go on with a certificate that is not trusted.

use forthwith_core::digest::Digest;
use rustls::{
    CertificateError, ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Octets in `ca_file`: the authorities of a whole system take a quarter of a MiB.
const CA_FILE_OCTETS_MAX: u64 = 8 << 20;

/// Why TLS cannot be set up. No line was opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetUpTlsError {
    /// `ca_file` cannot be read, or is not PEM.
    #[error("cannot read certificates from ca_file {path}: {why}")]
    CaFile { path: PathBuf, why: String },
    /// Neither the system nor `ca_file` has one certificate authority.
    #[error("no certificate authority is known: install ca-certificates, or name a PEM file in ca_file")]
    NoRoots,
    /// The relay's name is neither a host name nor an address.
    #[error("{0} is not a host name that a certificate can bear")]
    Name(String),
    /// rustls refuses the configuration.
    #[error("cannot set up TLS: {0}")]
    Rustls(#[from] rustls::Error),
}

/// What is recorded of a protected line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsFacts {
    /// `TLSv1.3`.
    pub(crate) version: String,
    /// SHA-256 of the relay's certificate.
    pub(crate) certificate: Option<Digest>,
    /// What the relay showed, its own certificate first.
    pub(crate) chain: Vec<CertificateDer<'static>>,
}

/// Opens TLS over a stream to one relay.
#[derive(Clone)]
pub(crate) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

/// Why the handshake failed.
#[derive(Debug)]
pub(crate) enum HandshakeError {
    /// The line broke: it may work later.
    Line(io::Error),
    /// What came was not TLS at all.
    NotTls,
    /// The relay cannot be trusted or does not speak TLS that we speak; the text says what to do.
    Refused(String),
}

impl Tls {
    /// Returns TLS to `host`, trusting the system's certificate authorities and those of `ca_file`.
    pub(crate) fn new(host: &str, ca_file: Option<&Path>) -> Result<Self, SetUpTlsError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| SetUpTlsError::Name(host.to_owned()))?;
        let mut roots = RootCertStore::empty();
        // What the system has and cannot be read is skipped: a relay that needs it is refused by name later.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(path) = ca_file {
            add_file(&mut roots, path)?;
        }
        if roots.is_empty() {
            return Err(SetUpTlsError::NoRoots);
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }

    /// Shakes hands over `stream`.
    pub(crate) async fn handshake<S>(&self, stream: S) -> Result<(TlsStream<S>, TlsFacts), HandshakeError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let stream =
            self.connector.connect(self.name.clone(), stream).await.map_err(|error| self.explain(error))?;
        let session = stream.get_ref().1;
        let chain: Vec<_> =
            session.peer_certificates().unwrap_or_default().iter().map(|der| der.clone().into_owned()).collect();
        let facts = TlsFacts {
            version: session.protocol_version().map_or_else(String::new, |v| format!("{v:?}").replace('_', ".")),
            certificate: chain.first().map(|der| Digest::of(der)),
            chain,
        };
        Ok((stream, facts))
    }

    fn explain(&self, error: io::Error) -> HandshakeError {
        let Some(cause) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
            return HandshakeError::Line(error);
        };
        match cause {
            rustls::Error::InvalidMessage(_) => HandshakeError::NotTls,
            cause => HandshakeError::Refused(explain(cause, &self.name.to_str())),
        }
    }
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), SetUpTlsError> {
    let failed = |why: String| SetUpTlsError::CaFile { path: path.to_owned(), why };
    let octets = read_file(path).map_err(|error| failed(error.to_string()))?;
    let mut count = 0;
    for certificate in CertificateDer::pem_slice_iter(&octets) {
        let certificate = certificate.map_err(|error| failed(error.to_string()))?;
        roots.add(certificate).map_err(|error| failed(error.to_string()))?;
        count += 1;
    }
    if count == 0 { Err(failed("there is no certificate in it".to_owned())) } else { Ok(()) }
}

/// Reads a regular file of bounded size: a pipe or a device could be read for ever.
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut octets = Vec::new();
    File::open(path)?.take(CA_FILE_OCTETS_MAX + 1).read_to_end(&mut octets)?;
    if octets.len() as u64 > CA_FILE_OCTETS_MAX {
        return Err(io::Error::other("longer than 8 MiB"));
    }
    Ok(octets)
}

/// Returns what went wrong and what to do about it.
fn explain(error: &rustls::Error, name: &str) -> String {
    use CertificateError as C;
    match error {
        rustls::Error::InvalidCertificate(C::Expired | C::ExpiredContext { .. }) => {
            format!("the certificate of {name} has expired: the relay needs a new one")
        }
        rustls::Error::InvalidCertificate(C::NotValidYet | C::NotValidYetContext { .. }) => {
            format!("the certificate of {name} is not valid yet: check the clock of this machine")
        }
        rustls::Error::InvalidCertificate(C::NotValidForName | C::NotValidForNameContext { .. }) => {
            format!("the certificate is not for {name}: name the relay as its certificate does")
        }
        rustls::Error::InvalidCertificate(C::InvalidPurpose | C::InvalidPurposeContext { .. }) => {
            format!(
                "the certificate of {name} was issued for another use than a server's: the relay needs a new one"
            )
        }
        // An authority of the same name with another key signs badly.
        rustls::Error::InvalidCertificate(C::UnknownIssuer | C::BadSignature) => format!(
            "no known authority issued the certificate of {name}: name the PEM file of the one that did in ca_file \
             (where the relay signed it itself, the certificate's own)"
        ),
        rustls::Error::InvalidCertificate(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => format!(
            "the certificate of {name} is that of an authority (CA:TRUE), as a self-signed one often is: issue the \
             relay one of its own, and name the authority's PEM file in ca_file"
        ),
        rustls::Error::InvalidCertificate(other) => format!("the certificate of {name} is not acceptable: {other}"),
        other => format!("{name} refuses TLS, or offers only versions that are not safe: {other}"),
    }
}
