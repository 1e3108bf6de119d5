//! Certificates for scripted relays, good ones and each kind of bad one, made anew for every test.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    date_time_ymd,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::SeqCst},
};

/// Authorities made so far by this process.
static AUTHORITIES: AtomicU64 = AtomicU64::new(1);

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing: an authority issued it for `localhost` and 127.0.0.1.
    None,
    /// It was valid until 2001.
    Expired,
    /// It is for another host.
    OtherName,
    /// It is not valid before 2100.
    NotYet,
    /// Its authority issued it for clients alone (extended key usage, RFC 5280 section 4.2.1.12).
    OtherUsage,
    /// It is self-signed and marked as an authority, as `openssl req -x509` makes it.
    SelfSigned,
    /// It is self-signed and no authority, as Debian's package ssl-cert makes it.
    SelfSignedLeaf,
}

/// A certificate of a relay, its key, and the authority to trust.
#[derive(Clone, Debug)]
pub struct Certificate {
    der: CertificateDer<'static>,
    key: Vec<u8>,
    authority: String,
}

impl Certificate {
    /// Makes a certificate.
    ///
    /// # Panics
    ///
    /// Where a key cannot be made: a test cannot go on without it.
    pub fn new(flaw: Flaw) -> Self {
        let key = KeyPair::generate().expect("a key can be made");
        let name = if flaw == Flaw::OtherName { "elsewhere.example" } else { "localhost" };
        let mut names = vec![name.to_owned()];
        names.extend((flaw != Flaw::OtherName).then(|| "127.0.0.1".to_owned()));
        let mut params = CertificateParams::new(names).expect("the names are well formed");
        if flaw == Flaw::Expired {
            params.not_before = date_time_ymd(2000, 1, 1);
            params.not_after = date_time_ymd(2001, 1, 1);
        }
        if flaw == Flaw::NotYet {
            params.not_before = date_time_ymd(2100, 1, 1);
            params.not_after = date_time_ymd(2101, 1, 1);
        }
        if flaw == Flaw::OtherUsage {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        }
        if let Flaw::SelfSigned | Flaw::SelfSignedLeaf = flaw {
            params.is_ca = match flaw {
                Flaw::SelfSigned => IsCa::Ca(BasicConstraints::Unconstrained),
                _ => IsCa::ExplicitNoCa,
            };
            let certificate = params.self_signed(&key).expect("a certificate can be signed");
            let authority = certificate.pem();
            return Self { der: certificate.der().clone(), key: key.serialize_der(), authority };
        }
        let issuer = authority();
        let certificate = params.signed_by(&key, &issuer).expect("a certificate can be signed");
        Self { der: certificate.der().clone(), key: key.serialize_der(), authority: issuer.pem() }
    }

    /// Returns the authority's certificate as PEM: what a `ca_file` holds.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.clone()));
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![self.der.clone()], key))
            .expect("key and certificate belong together");
        Arc::new(config)
    }
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let key = KeyPair::generate().expect("a key can be made");
    let mut params = CertificateParams::new(Vec::new()).expect("an authority needs no name");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // Each has a name of its own: with equal names, trust in one would be a bad signature of the other.
    let number = AUTHORITIES.fetch_add(1, SeqCst);
    params.distinguished_name.push(DnType::CommonName, format!("test authority {number}"));
    CertifiedIssuer::self_signed(params, key).expect("a certificate can be signed")
}
