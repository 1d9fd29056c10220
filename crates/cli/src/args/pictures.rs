//! Flags of `picture`.

use super::{atoms, loss_id};
use backstop_units::{Amount, Label, LossId, TicketId};
use clap::{Args, Subcommand};

/// Flags of `picture`.
#[derive(Debug, Args)]
pub(crate) struct PictureArgs {
    /// Its values as a table instead, RFC 4180.
    #[arg(long, global = true)]
    pub(crate) csv: bool,
    /// Of what.
    #[command(subcommand)]
    pub(crate) verb: PictureVerb,
}

/// What can be drawn.
#[derive(Debug, Subcommand)]
pub(crate) enum PictureVerb {
    /// Who pays on a market, the first payer lowest.
    Tower {
        /// The market's label.
        market: Label,
        /// With a loss that would come now, in atoms.
        #[arg(long, value_name = "ATOMS", value_parser = atoms, default_value = "0")]
        loss: Amount,
    },
    /// How near winners of a market are to being deleveraged.
    Lights {
        /// The market's label.
        market: Label,
    },
    /// What of a fund counts, against threshold, target and bands.
    Coverage {
        /// The fund's label.
        fund: Label,
    },
    /// What may leave a fund, by day.
    Queue {
        /// The fund's label.
        fund: Label,
    },
    /// Who paid for a loss, layer by layer.
    Loss {
        /// `loss_0` and so on.
        #[arg(value_parser = loss_id)]
        loss: LossId,
    },
    /// Who bore a loss, and what came back to them.
    Flow {
        /// `loss_0` and so on.
        #[arg(value_parser = loss_id)]
        loss: LossId,
    },
    /// The states that a loss went through, and those to come.
    States {
        /// `loss_0` and so on.
        #[arg(value_parser = loss_id)]
        loss: LossId,
    },
    /// An exit from filing to payment.
    Exit {
        /// `ticket_0` and so on.
        #[arg(value_parser = ticket_id)]
        ticket: TicketId,
    },
}

fn ticket_id(text: &str) -> Result<TicketId, String> {
    let index = text.strip_prefix("ticket_").unwrap_or(text);
    index.parse().map(TicketId::new).map_err(|_| "expected ticket_ and a number".to_owned())
}
