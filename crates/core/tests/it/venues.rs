//! For whom a venue may act.

use backstop_core::{
    RejectCode,
    command::{Contribute, OpenAccount, SetRoles},
    policy::{Limits, Role, Roles},
};
use backstop_testkit::{Setup, World, label};
use backstop_units::{Amount, Span};

/// A venue reaches the accounts that it opened or that were opened for it, and nobody else's.
#[test]
fn a_venue_acts_for_its_own_accounts_only() {
    let limits = Limits { config_delay: Span::ZERO, ..Setup::default().limits };
    let mut world = World::of(&Setup { limits, ..Setup::default() });
    let open = |name, venue| OpenAccount { label: label(name), group: None, venue };
    world.must("op", open("rival", None));
    world.must("op", SetRoles { account: label("rival"), roles: Roles::of(&[Role::Venue]) });
    world.must("venue", open("u1", None));
    world.must("op", open("u2", Some(label("rival"))));
    world.must("op", open("u3", None));
    let named = world.send("venue", open("u4", Some(label("rival")))).map(drop);
    assert_eq!(named.unwrap_err().code, RejectCode::NotOwner);
    for (sender, account, may) in [
        ("venue", "u1", true),
        ("rival", "u1", false),
        ("rival", "u2", true),
        ("venue", "u2", false),
        ("venue", "u3", false),
        ("u3", "u3", true),
        ("venue", "treasury", false),
        ("op", "u1", false),
    ] {
        let gift = Contribute {
            fund: label("main"),
            account: label(account),
            asset: label("usdt"),
            amount: Amount::new(1),
        };
        // None of them has money: who may act is refused for that.
        let expected = if may { RejectCode::InsufficientBalance } else { RejectCode::NotOwner };
        let got = world.send(sender, gift).unwrap_err().code;
        assert_eq!(got, expected, "{sender} for {account}");
    }
}
