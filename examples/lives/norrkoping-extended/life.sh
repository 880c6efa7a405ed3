#!/bin/sh
# Norrköping told to its end: the window is extended from two to three years, and then reported.
#
#     examples/lives/norrkoping-extended/life.sh [--lang sv]
#
# What is not published is marked in the drafts, and nothing is invented; see ../../norrkoping.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
story='norrkoping-extended'
. "$here/../common.sh"
published=$here/../../norrkoping
contract=norrkoping-rise-spent

say 'The contract of July 2016: five parties, and a window of two years' \
    'Kontraktet från juli 2016: fem parter, och ett fönster på två år'
key norrkoping.example/utfall log
key utfall.example operator
key registrar.example registrar
key norrkoping.se norrkoping
key leksellsocialventures.com leksell
key nystart.norrkoping.se nystart
key lumell.se lumell
key uppdragpsykiskhalsa.se uppdragpsykiskhalsa
begin "$published" 'log operator registrar' norrkoping leksell nystart lumell uppdragpsykiskhalsa
everyone='norrkoping leksell nystart lumell uppdragpsykiskhalsa'
# shellcheck disable=SC2086 # one word for each signer
add "$here/contract-2016.json" $everyone
add "$published/funding.json" leksell norrkoping

say 'Two years turn out to be too short: the same parties extend the window to three' \
    'Två år visar sig vara för kort: samma parter förlänger fönstret till tre'
tell '   What would change, before anyone signs:' '   Vad som skulle ändras, innan någon signerar:'
u check "$here/amendment-3y.json"
tell '   One party alone cannot do it:' '   En part ensam kan inte göra det:'
sign "$here/amendment-3y.json" alone.note norrkoping
refused submit alone.note
# shellcheck disable=SC2086 # one word for each signer
add "$here/amendment-3y.json" $everyone

say 'The two years, which bind payment: no saving, good social results. The guarantee is due' \
    'De två åren, som styr utbetalningen: ingen besparing, goda sociala resultat. Garantin ska betalas'
add "$published/measurement-2y.json" lumell
u settle $contract 2y -o settlement.json
add settlement.json norrkoping lumell
settled=$id
cat > payment.json <<JSON
{
  "kind": "payment", "version": 1, "date": "2026-11-23", "contract": "$contract",
  "settlement": "$settled", "pay": "payout", "from": "norrkoping.se", "to": "leksellsocialventures.com",
  "amount": {"amount": "3000000.00", "currency": "SEK"},
  "paid_on": "not_published", "reference": "not_published"
}
JSON
add payment.json norrkoping

say 'What was settled cannot be rewritten: new terms for the two years are refused' \
    'Det som är avräknat kan inte skrivas om: nya villkor för de två åren avvisas'
sed 's/"from": "3y"/"from": "2y"/' "$here/amendment-3y.json" > rewriting.json
# shellcheck disable=SC2086 # one word for each signer
sign rewriting.json rewriting.note $everyone
refused submit rewriting.note

say 'The third year is reported. It binds no payment, so it cannot be settled' \
    'Det tredje året rapporteras. Det styr ingen utbetalning och kan inte avräknas'
add "$published/measurement-3y.json" lumell
refused u settle $contract 3y

say 'The whole story, and the proof of it' 'Hela historien, och beviset för den'
u show $contract
u verify --vkey "$(cat log.vkey)"
