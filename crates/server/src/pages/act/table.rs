//! The forms: which command each sends, what it asks for, what to know before.

/// One form.
#[derive(Debug)]
pub(crate) struct Form {
    /// Its place in the address.
    pub(crate) name: &'static str,
    /// The command's word.
    pub(crate) word: &'static str,
    pub(crate) title: &'static str,
    /// What it does, in a sentence.
    pub(crate) what: &'static str,
    /// What to know before confirming.
    pub(crate) warns: &'static [&'static str],
    pub(crate) fields: &'static [Field],
    /// Who it is for.
    pub(crate) whom: &'static str,
}

/// One field of a form.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
}

/// How a field is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// As it is: a name, a handle, a count.
    Plain,
    /// An amount in units of the asset of what another field names.
    Money(Whose),
    /// Ticked or not.
    Flag,
    /// The sender, which is no field of the command.
    Actor,
}

/// What decides the asset of an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    Fund,
    Tranche,
    Vault,
}

const fn must(name: &'static str, label: &'static str, kind: Kind) -> Field {
    Field { name, label, kind, required: true }
}
const fn may(name: &'static str, label: &'static str, kind: Kind) -> Field {
    Field { name, label, kind, required: false }
}

const ACCOUNT: Field = must("account", "Your account", Kind::Plain);
const VAULT: Field = must("vault", "Vault", Kind::Plain);
const FUND: Field = must("fund", "Fund", Kind::Plain);
const TRANCHE: Field = must("tranche", "Tranche", Kind::Plain);
const TICKET: Field = must("ticket", "Ticket, such as ticket_3", Kind::Plain);
const SHARES: Field = must("shares", "Shares", Kind::Plain);
const ACTOR: Field = must("actor", "Sent by account", Kind::Actor);

const SLASHED: &str = "Stake pays for losses: it can shrink, and it can be wiped out. It stays liable until it is paid out.";
const WAITS: &str = "Getting out takes the tranche's cooldown, then there is a window to claim in; while a loss is open the window stands still.";

/// Every form.
pub(crate) const FORMS: &[Form] = &[
    Form {
        name: "stake",
        word: "stake",
        title: "Stake",
        what: "Buys shares of a fund's tranche at the price of now; they earn the tranche's part of revenue.",
        warns: &[SLASHED, WAITS],
        fields: &[
            ACCOUNT,
            TRANCHE,
            must("amount", "Amount", Kind::Money(Whose::Tranche)),
            may("min_shares", "Refuse below so many shares", Kind::Plain),
        ],
        whom: "stakers",
    },
    Form {
        name: "unstake",
        word: "request_unstake",
        title: "Request exit",
        what: "Files a ticket: after the cooldown the shares can be claimed as money.",
        warns: &[
            "The ticket stays liable for losses until it is claimed, and counts nothing toward coverage.",
            "A ticket that is not claimed in its window lapses back into stake, where the tranche has such a window.",
        ],
        fields: &[
            ACCOUNT,
            TRANCHE,
            may("shares", "Shares", Kind::Plain),
            may("amount", "Or an amount", Kind::Money(Whose::Tranche)),
        ],
        whom: "stakers",
    },
    Form {
        name: "cancel-unstake",
        word: "cancel_unstake",
        title: "Take an exit back",
        what: "The ticket's shares are plain stake again.",
        warns: &["A later exit waits the whole cooldown again."],
        fields: &[ACTOR, TICKET],
        whom: "stakers",
    },
    Form {
        name: "claim-unstake",
        word: "claim_unstake",
        title: "Claim an exit",
        what: "Pays out a ticket whose cooldown has passed.",
        warns: &[],
        fields: &[ACTOR, TICKET],
        whom: "stakers",
    },
    Form {
        name: "claim-recovery",
        word: "claim_recovery",
        title: "Claim what came back",
        what: "Pays your part of what was recovered of a loss that you bore.",
        warns: &[],
        fields: &[ACCOUNT, must("loss", "Loss, such as loss_3", Kind::Plain)],
        whom: "stakers",
    },
    Form {
        name: "contribute",
        word: "contribute",
        title: "Contribute",
        what: "Gives money to a fund; it is recorded under your name and used after everything else in the reserve.",
        warns: &["A contribution can't be taken back, by you or by anybody."],
        fields: &[ACCOUNT, FUND, must("amount", "Amount", Kind::Money(Whose::Fund))],
        whom: "everybody",
    },
    Form {
        name: "deposit",
        word: "deposit_vault",
        title: "Deposit into a vault",
        what: "Buys shares of a vault at the price of now.",
        warns: &[
            "The vault lends: bad debt of its reserves is yours in proportion, after its insurance pool where that stands first.",
            "Money can be lent out when you want it: withdrawals then wait in a queue.",
        ],
        fields: &[
            ACCOUNT,
            VAULT,
            must("amount", "Amount", Kind::Money(Whose::Vault)),
            may("min_shares", "Refuse below so many shares", Kind::Plain),
        ],
        whom: "depositors",
    },
    Form {
        name: "withdraw",
        word: "withdraw_vault",
        title: "Withdraw from a vault",
        what: "Turns shares into money: idle money first, then out of one reserve; what is not there is not burned.",
        warns: &["The vault's withdrawal penalty is taken; it stays with those who remain."],
        fields: &[ACCOUNT, VAULT, SHARES, may("reserve", "Out of which reserve", Kind::Plain)],
        whom: "depositors",
    },
    Form {
        name: "queue-withdrawal",
        word: "queue_withdrawal",
        title: "Wait for money",
        what: "Puts shares into the vault's queue; whoever fills it pays all who wait in proportion.",
        warns: &[],
        fields: &[ACCOUNT, VAULT, SHARES],
        whom: "depositors",
    },
    Form {
        name: "claim-compensation",
        word: "claim_compensation",
        title: "Claim compensation",
        what: "Pays your part of what an insurance pool released for a vault's loss.",
        warns: &["Each claim is paid once. What nobody claims goes back to the pool."],
        fields: &[ACCOUNT, must("loss", "Vault loss, such as vloss_0", Kind::Plain)],
        whom: "depositors",
    },
    Form {
        name: "stake-pool",
        word: "stake_pool",
        title: "Stake into an insurance pool",
        what: "Locks shares of a vault: they pay for its losses before, or for, its depositors.",
        warns: &[
            SLASHED,
            "Getting out takes the pool's exit time, fixed when the pool was made, and is public from the first second.",
        ],
        fields: &[ACCOUNT, VAULT, SHARES],
        whom: "curators",
    },
    Form {
        name: "exit-pool",
        word: "exit_pool",
        title: "Signal an exit from an insurance pool",
        what: "Files an exit of pool units; it can be taken back.",
        warns: &[
            "The units stay liable until they are paid out. An exit while a loss is open is recorded as a broken commitment.",
        ],
        fields: &[
            ACCOUNT,
            VAULT,
            may("units", "Units; all if left out", Kind::Plain),
            may("matched", "Matched money", Kind::Flag),
        ],
        whom: "curators",
    },
    Form {
        name: "settle-revenue",
        word: "settle_revenue",
        title: "Settle revenue",
        what: "Moves what is due of a fund's revenue pool to reserve and stakers.",
        warns: &[],
        fields: &[ACTOR, FUND],
        whom: "keepers",
    },
    Form {
        name: "run-control",
        word: "run_control",
        title: "Run the fee control",
        what: "Brings a fund's contribution rates up to date with its coverage.",
        warns: &[],
        fields: &[ACTOR, FUND],
        whom: "keepers",
    },
    Form {
        name: "lapse-ticket",
        word: "lapse_ticket",
        title: "Lapse a ticket",
        what: "Puts a ticket whose window has passed back into stake.",
        warns: &[],
        fields: &[ACTOR, TICKET],
        whom: "keepers",
    },
    Form {
        name: "fill-queue",
        word: "fill_queue",
        title: "Fill a withdrawal queue",
        what: "Pays what a vault has at hand to all who wait.",
        warns: &[],
        fields: &[ACTOR, VAULT, may("reserve", "Out of which reserve", Kind::Plain)],
        whom: "keepers",
    },
    Form {
        name: "invest",
        word: "invest",
        title: "Invest a vault's money",
        what: "Brings one of a vault's reserves nearer to its allocation.",
        warns: &["Whoever invests pays the crank's rounding."],
        fields: &[
            ACTOR,
            VAULT,
            must("reserve", "Reserve", Kind::Plain),
            must("payer", "Who pays the rounding", Kind::Plain),
        ],
        whom: "keepers",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use backstop_core::command::COMMANDS;

    #[test]
    fn every_form_sends_fields_that_its_command_has() {
        for form in FORMS {
            let command = COMMANDS.iter().find(|command| command.word == form.word);
            let command =
                command.unwrap_or_else(|| panic!("{}: no command {}", form.name, form.word));
            for field in form.fields.iter().filter(|field| field.kind != Kind::Actor) {
                let known = command.fields.iter().any(|known| known.name == field.name);
                assert!(known, "{}: {} has no field {}", form.name, form.word, field.name);
            }
            let sender = |field: &Field| field.kind == Kind::Actor || field.name == "account";
            assert_eq!(
                form.fields.iter().filter(|field| sender(field)).count(),
                1,
                "{}",
                form.name
            );
        }
    }
}
