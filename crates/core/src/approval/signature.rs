//! Whether an SSH signature (PROTOCOL.sshsig) is a release: over these bytes, by this key, in our namespace.
//!
//! Formats are read by ssh-key and computed with aws-lc-rs. What is stricter here than `ssh-keygen -Y verify`: a
//! hardware key's owner must have touched it, and nothing may stand where the form reserves room. Who the key belongs
//! to is not decided here.

use super::signers::{NAMESPACE, SignerKey};
use crate::digest::Digest;
use aws_lc_rs::{
    rsa::PublicKeyComponents,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519,
        RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};
use ssh_key::{
    Algorithm, EcdsaCurve, HashAlg, Mpint, PublicKey, SshSig,
    public::{EcdsaPublicKey, KeyData},
};

/// Octets of a signature as `ssh-keygen` writes it: one by a key of 16,384 bits has 7,000.
pub const SIGNATURE_OCTETS_MAX: usize = 16 * 1_024;
/// What a signature ends with.
const END: &str = "-----END SSH SIGNATURE-----";
/// The flag of a hardware key whose owner touched it (PROTOCOL.u2f; W3C `WebAuthn` section 6.1, UP).
const USER_PRESENT: u8 = 1;
/// Octets of flags and counter behind a hardware key's own signature.
const TRAILER_OCTETS: usize = 5;

/// Why a signature is none of this plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureRefused {
    /// Its end is missing.
    #[error("the signature is cut short: it must end with {END}")]
    Truncated,
    /// It is no SSH signature.
    #[error("it is no SSH signature, or it was changed: it cannot be read")]
    Unreadable,
    /// It was made for something else.
    #[error("the signature is for \"{found}\": sign with -n {NAMESPACE}")]
    OtherNamespace {
        /// What for.
        found: String,
    },
    /// Something stands where the form reserves room.
    #[error("the signature was changed: something stands where nothing belongs")]
    Reserved,
    /// A kind of signature that proves too little.
    #[error("a signature of type {found} does not count")]
    Weak {
        /// The type.
        found: String,
    },
    /// Nobody touched the hardware key.
    #[error("the hardware key was not touched when it signed: use a key made without no-touch-required")]
    NotTouched,
    /// It was made with another key.
    #[error("the signature was made with another key")]
    OtherKey,
    /// It is by the key, and over other bytes; or it was changed.
    #[error("the signature is not over the statement of this plan: another file was signed, or it was changed")]
    OtherBytes,
}

/// A signature that can be read.
#[derive(Clone, Debug)]
pub struct Signature(SshSig);

impl Signature {
    /// Reads a signature as `ssh-keygen -Y sign` writes it.
    pub fn read(bytes: &[u8]) -> Result<Self, SignatureRefused> {
        if bytes.len() > SIGNATURE_OCTETS_MAX {
            return Err(SignatureRefused::Unreadable);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| SignatureRefused::Unreadable)?.trim();
        if !text.ends_with(END) {
            let begins = text.starts_with("-----BEGIN SSH SIGNATURE-----");
            return Err(if begins { SignatureRefused::Truncated } else { SignatureRefused::Unreadable });
        }
        let read = SshSig::from_pem(text).map_err(|_| SignatureRefused::Unreadable)?;
        // The library passes over lengths that are too long, and `ssh-keygen` does not.
        let body = text.lines().filter(|line| !line.starts_with('-')).flat_map(str::split_ascii_whitespace);
        if !body.flat_map(str::bytes).eq(STANDARD.encode(encoded(&read)).into_bytes()) {
            return Err(SignatureRefused::Unreadable);
        }
        Ok(Self(read))
    }

    /// Returns the key that it says it was made with.
    pub fn key(&self) -> SignerKey {
        SignerKey(self.0.public_key().clone())
    }

    /// Returns what tells this act of signing from every other one: the same for each form in which anybody can put
    /// the same signature.
    ///
    /// An ECDSA signature (r, s) is as good as (r, -s), which needs no key: r alone is taken.
    pub fn trace(&self) -> Digest {
        let bytes = self.0.signature_bytes();
        let is_ecdsa = matches!(self.0.algorithm(), Algorithm::Ecdsa { .. } | Algorithm::SkEcdsaSha2NistP256);
        let act = if is_ecdsa { first_number(bytes).unwrap_or(bytes) } else { bytes };
        Digest::of_parts([self.key().fingerprint().as_bytes(), b"\n".as_slice(), act])
    }

    /// Checks that it is by `key`, in our namespace, over `statement`.
    pub fn check(&self, key: &SignerKey, statement: &[u8]) -> Result<(), SignatureRefused> {
        let signature = &self.0;
        if signature.public_key() != &key.0 {
            return Err(SignatureRefused::OtherKey);
        }
        if signature.namespace() != NAMESPACE {
            return Err(SignatureRefused::OtherNamespace { found: signature.namespace().to_owned() });
        }
        if !signature.reserved().is_empty() {
            return Err(SignatureRefused::Reserved);
        }
        // The form forbids an empty namespace, and ours is none.
        let signed = SshSig::signed_data(NAMESPACE, signature.hash_alg(), statement)
            .map_err(|_| SignatureRefused::Unreadable)?;
        check(key, &signature.algorithm(), signature.signature_bytes(), &signed)
    }
}

/// Returns the octets of a signature as the form has them (PROTOCOL.sshsig, Blob format).
///
/// The library's own way puts flags and counter of a hardware key in the wrong place.
fn encoded(signature: &SshSig) -> Vec<u8> {
    let bytes = signature.signature_bytes();
    let algorithm = signature.algorithm();
    let is_hardware = matches!(algorithm, Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256);
    let (own, trailer) = bytes.split_at(bytes.len().saturating_sub(if is_hardware { TRAILER_OCTETS } else { 0 }));
    let key = PublicKey::from(signature.public_key().clone()).to_bytes().unwrap_or_default();
    [
        b"SSHSIG".to_vec(),
        SshSig::VERSION.to_be_bytes().to_vec(),
        field(&key),
        field(signature.namespace().as_bytes()),
        field(signature.reserved()),
        field(signature.hash_alg().to_string().as_bytes()),
        field(&[field(algorithm.as_str().as_bytes()), field(own), trailer.to_vec()].concat()),
    ]
    .concat()
}

/// Returns octets behind their length (RFC 4251 section 5). None here is longer than the text that it was read from.
fn field(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], bytes].concat()
}

fn check(key: &SignerKey, algorithm: &Algorithm, bytes: &[u8], signed: &[u8]) -> Result<(), SignatureRefused> {
    match (&key.0, algorithm) {
        (KeyData::Ed25519(key), Algorithm::Ed25519) => verify(&ED25519, &key.0, signed, bytes),
        (KeyData::Ecdsa(key), Algorithm::Ecdsa { curve }) if key.curve() == *curve => ecdsa(key, bytes, signed),
        (KeyData::SkEd25519(key), Algorithm::SkEd25519) => {
            let (bytes, signed) = of_hardware(key.application(), bytes, signed)?;
            verify(&ED25519, &key.public_key().0, &signed, bytes)
        }
        (KeyData::SkEcdsaSha2NistP256(key), Algorithm::SkEcdsaSha2NistP256) => {
            let (bytes, signed) = of_hardware(key.application(), bytes, signed)?;
            ecdsa(&EcdsaPublicKey::NistP256(*key.ec_point()), bytes, &signed)
        }
        (KeyData::Rsa(key), Algorithm::Rsa { hash: Some(hash) }) => {
            let parts = key.n.as_positive_bytes().zip(key.e.as_positive_bytes());
            let (n, e) = parts.ok_or(SignatureRefused::OtherBytes)?;
            let method = match hash {
                HashAlg::Sha512 => &RSA_PKCS1_2048_8192_SHA512,
                _ => &RSA_PKCS1_2048_8192_SHA256,
            };
            PublicKeyComponents { n, e }.verify(method, signed, bytes).map_err(|_| SignatureRefused::OtherBytes)
        }
        _ => Err(SignatureRefused::Weak { found: algorithm.to_string() }),
    }
}

fn verify(
    method: &'static dyn VerificationAlgorithm,
    key: &[u8],
    signed: &[u8],
    bytes: &[u8],
) -> Result<(), SignatureRefused> {
    UnparsedPublicKey::new(method, key).verify(signed, bytes).map_err(|_| SignatureRefused::OtherBytes)
}

fn ecdsa(key: &EcdsaPublicKey, bytes: &[u8], signed: &[u8]) -> Result<(), SignatureRefused> {
    let (method, octets): (&'static dyn VerificationAlgorithm, _) = match key.curve() {
        EcdsaCurve::NistP256 => (&ECDSA_P256_SHA256_FIXED, 32),
        EcdsaCurve::NistP384 => (&ECDSA_P384_SHA384_FIXED, 48),
        EcdsaCurve::NistP521 => (&ECDSA_P521_SHA512_FIXED, 66),
    };
    let fixed = fixed_numbers(bytes, octets).ok_or(SignatureRefused::Unreadable)?;
    verify(method, key.as_sec1_bytes(), signed, &fixed)
}

/// Returns the two numbers of an ECDSA signature (RFC 5656 section 3.1.2) side by side, `octets` each.
fn fixed_numbers(bytes: &[u8], octets: usize) -> Option<Vec<u8>> {
    let r = first_number(bytes)?;
    let s = first_number(bytes.get(4 + r.len()..)?)?;
    let mut fixed = Vec::with_capacity(2 * octets);
    for number in [r, s] {
        let number = Mpint::from_bytes(number).ok()?;
        let number = number.as_positive_bytes()?;
        fixed.resize(fixed.len() + octets.checked_sub(number.len())?, 0);
        fixed.extend_from_slice(number);
    }
    Some(fixed)
}

/// Returns the first of the length-prefixed fields of `bytes` (RFC 4251 section 5).
fn first_number(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// Returns a hardware key's own signature and what it is over (PROTOCOL.u2f, SSH U2F signatures), where somebody was
/// there.
fn of_hardware<'b>(
    application: &str,
    bytes: &'b [u8],
    signed: &[u8],
) -> Result<(&'b [u8], Vec<u8>), SignatureRefused> {
    let split = bytes.len().checked_sub(TRAILER_OCTETS).ok_or(SignatureRefused::Unreadable)?;
    let (own, trailer) = bytes.split_at(split);
    if trailer[0] & USER_PRESENT == 0 {
        return Err(SignatureRefused::NotTouched);
    }
    let over = [&Sha256::digest(application)[..], trailer, &Sha256::digest(signed)[..]].concat();
    Ok((own, over))
}
