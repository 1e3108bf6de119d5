//! The shipped English notice.

use crate::model::{email_only, person, words};
use forthwith_core::variant::Variant;
use forthwith_templating::clarity;

#[test]
fn show() {
    let incident = email_only();
    let words = words(&incident);
    let ada = person("Ada Lovelace", &["email"]);
    let parts = words.parts(&ada).unwrap();
    println!("{}", parts.text);
    println!("{:?}", clarity::score(&parts.text));
    println!("{:#?}", words.check(&Variant::of(&incident, &ada)));
    return;
    let parts = words.parts(&person("Ada Lovelace", &["email", "phone"])).unwrap();
    println!("{}", parts.text);
    println!("{:?}", clarity::score(&parts.text));
    let m = words.render(&crate::model::key(), &crate::model::token(), &ada, None).unwrap();
    println!("{}", String::from_utf8(m.bytes).unwrap());
}
