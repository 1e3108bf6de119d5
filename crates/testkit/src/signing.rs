//! Keys in memory that sign as `ssh-keygen -Y sign` does, hardware keys among them: what a person does at their own
//! machine, and what nobody can have in a test.
//!
//! The formats are put together here octet by octet (PROTOCOL.sshsig, PROTOCOL.u2f), and by no library that the
//! program reads them with.

use aws_lc_rs::{
    agreement::{ECDH_P256, PrivateKey},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256, Sha512};

/// The flag of a hardware key that somebody touched (PROTOCOL.u2f).
pub const TOUCHED: u8 = 1;
/// What hardware keys of OpenSSH sign for.
const APPLICATION: &[u8] = b"ssh:";
/// Characters of a line of base 64 in a signature, as `ssh-keygen` breaks them.
const ARMOUR_COLUMNS: usize = 70;

/// The kinds of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `ssh-ed25519`.
    Ed25519,
    /// `sk-ssh-ed25519@openssh.com`.
    HardwareEd25519,
    /// `sk-ecdsa-sha2-nistp256@openssh.com`.
    HardwareEcdsa,
}

/// A key, made from a seed.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    kind: Kind,
    seed: u8,
    flags: u8,
    counter: u32,
}

impl Key {
    /// Returns the key of a kind and a seed, which is not 0; a hardware key is touched.
    pub const fn with(kind: Kind, seed: u8) -> Self {
        Self { kind, seed, flags: TOUCHED, counter: 1 }
    }

    /// Returns the same hardware key as it signs with these flags.
    #[must_use]
    pub fn with_flags(self, flags: u8) -> Self {
        Self { flags, ..self }
    }

    /// Returns the same hardware key as it signs later.
    #[must_use]
    pub fn with_counter(self, counter: u32) -> Self {
        Self { counter, ..self }
    }

    /// Returns the type and the base 64, as they stand in a `.pub` file and in a list of signers.
    pub fn public(self) -> String {
        format!("{} {}", self.name(), STANDARD.encode(self.blob()))
    }

    /// Signs `message` for `namespace`.
    pub fn sign(self, namespace: &str, message: &[u8]) -> String {
        let digest = Sha512::digest(message);
        let signed =
            [b"SSHSIG".to_vec(), string(namespace.as_bytes()), string(b""), string(b"sha512"), string(&digest)];
        let envelope = [
            b"SSHSIG".to_vec(),
            1_u32.to_be_bytes().to_vec(),
            string(&self.blob()),
            string(namespace.as_bytes()),
            string(b""),
            string(b"sha512"),
            string(&self.signature(&signed.concat())),
        ];
        armoured(&envelope.concat())
    }

    fn name(self) -> &'static str {
        match self.kind {
            Kind::Ed25519 => "ssh-ed25519",
            Kind::HardwareEd25519 => "sk-ssh-ed25519@openssh.com",
            Kind::HardwareEcdsa => "sk-ecdsa-sha2-nistp256@openssh.com",
        }
    }

    fn ed25519(self) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[self.seed; 32]).expect("any 32 octets are a seed")
    }

    fn point(self) -> Vec<u8> {
        let private =
            PrivateKey::from_private_key(&ECDH_P256, &[self.seed; 32]).expect("the number is below the order");
        private.compute_public_key().expect("a private key has a public one").as_ref().to_vec()
    }

    fn blob(self) -> Vec<u8> {
        let name = string(self.name().as_bytes());
        let parts = match self.kind {
            Kind::Ed25519 => vec![name, string(self.ed25519().public_key().as_ref())],
            Kind::HardwareEd25519 => vec![name, string(self.ed25519().public_key().as_ref()), string(APPLICATION)],
            Kind::HardwareEcdsa => vec![name, string(b"nistp256"), string(&self.point()), string(APPLICATION)],
        };
        parts.concat()
    }

    fn signature(self, signed: &[u8]) -> Vec<u8> {
        let trailer = [&[self.flags][..], &self.counter.to_be_bytes()].concat();
        let by_hardware = [&Sha256::digest(APPLICATION)[..], &trailer, &Sha256::digest(signed)[..]].concat();
        let name = string(self.name().as_bytes());
        match self.kind {
            Kind::Ed25519 => [name, string(self.ed25519().sign(signed).as_ref())].concat(),
            Kind::HardwareEd25519 => [name, string(self.ed25519().sign(&by_hardware).as_ref()), trailer].concat(),
            Kind::HardwareEcdsa => [name, string(&self.ecdsa(&by_hardware)), trailer].concat(),
        }
    }

    fn ecdsa(self, signed: &[u8]) -> Vec<u8> {
        let (method, private) = (&ECDSA_P256_SHA256_FIXED_SIGNING, [self.seed; 32]);
        let pair = EcdsaKeyPair::from_private_key_and_public_key(method, &private, &self.point());
        let signature = pair.and_then(|pair| {
            pair.sign(&SystemRandom::new(), signed).map_err(|_| unreachable!("a sound key signs"))
        });
        let signature = signature.expect("the two halves of the key fit");
        let (r, s) = signature.as_ref().split_at(32);
        [number(r), number(s)].concat()
    }
}

/// Returns octets behind their length (RFC 4251 section 5).
fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("no test has such a field");
    [&length.to_be_bytes()[..], bytes].concat()
}

/// Returns a number as `mpint` (RFC 4251 section 5): no zeros in front but the one that keeps it positive.
fn number(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = &bytes[zeros..];
    let is_negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    string(&[if is_negative { &[0][..] } else { &[] }, bytes].concat())
}

fn armoured(bytes: &[u8]) -> String {
    let encoded = STANDARD.encode(bytes);
    let lines = encoded.as_bytes().chunks(ARMOUR_COLUMNS).map(String::from_utf8_lossy).collect::<Vec<_>>();
    format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", lines.join("\n"))
}
