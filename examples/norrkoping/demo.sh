#!/bin/sh
# Norrköping's outcome contract, from signing to verified payout.
#
#     make demo                          in English
#     make demo DEMO_FLAGS='--lang sv'   in Swedish
#
# Everything happens in a new folder under build/demo: keys of eight parties, signed notes, the
# ledger; DEMO_LEDGER=postgresql://host/database#demo puts that into a database instead. What Norrköping's parties published is in the drafts beside this file; what they did not
# publish is marked there, and nothing is invented. Needs nothing but a POSIX shell and GNU sed.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
utfall=${UTFALL:-$top/build/release/utfall}
folder=${DEMO_FOLDER:-$top/build/demo}
UTFALL_LEDGER=${DEMO_LEDGER:-$folder/utfall.ledger}
export UTFALL_LEDGER
lang=en
case "$*" in
    *"--lang sv"* | *--lang=sv*) lang=sv ;;
esac

rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"
# What `verify` remembers stays in the demonstration's own folder.
XDG_STATE_HOME=$folder/state
export XDG_STATE_HOME

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$(printf '\033[1m') plain=$(printf '\033[0m')
else
    bold='' plain=''
fi
tell() { # English, Swedish
    if [ "$lang" = sv ]; then printf '%s\n' "$2"; else printf '%s\n' "$1"; fi
}
step=0
say() { # English, Swedish
    step=$((step + 1))
    printf '\n%s== %d. %s%s\n' "$bold" "$step" "$(tell "$@")" "$plain"
}
u() { "$utfall" --lang "$lang" "$@"; }

echo demonstration > passphrase
chmod 600 passphrase

say 'Eight keys: the log, its operator and registrar, and the five parties' \
    'Åtta nycklar: loggens, operatörens, registratorns och de fem parternas'
key() { # key name, file
    u key new --name "$1" -o "$2.key" --passphrase-file passphrase > "$2.vkey"
    printf '   %s\n' "$(cat "$2.vkey")"
}
key norrkoping.example/utfall log
key utfall.example operator
key registrar.example registrar
key norrkoping.se/ekonomi norrkoping
key leksellsocialventures.com leksell
key nystart.norrkoping.se nystart
key lumell.se lumell
key uppdragpsykiskhalsa.se uppdragpsykiskhalsa

sign() { # draft or note, note to write, then the names of the signers
    source=$1 note=$2
    shift 2
    for signer in "$@"; do
        u sign "$source" -o "$note" --force --quiet --key "$signer.key" \
            --passphrase-file passphrase
        source=$note
    done
}
submit() { u submit --log-key log.key --passphrase-file passphrase "$@"; }

say 'The charter begins the ledger' 'Stadgan inleder liggaren'
u sign "$here/charter.json" -o charter.note --quiet --key operator.key --passphrase-file passphrase \
    --vkey "$(cat log.vkey)" --vkey "$(cat operator.vkey)" --vkey "$(cat registrar.vkey)"
u init charter.note --log-key log.key --passphrase-file passphrase

say 'The registrar enrols five parties; each signs for itself' \
    'Registratorn skriver in fem parter; var och en signerar för sig'
for party in norrkoping leksell nystart lumell uppdragpsykiskhalsa; do
    u sign "$here/party-$party.json" -o "party-$party.note" --quiet --key "$party.key" \
        --passphrase-file passphrase --vkey "$(cat $party.vkey)"
    sign "party-$party.note" "party-$party.note" registrar
done
submit party-*.note

say 'The contract: five parties sign the same text' 'Kontraktet: fem parter signerar samma text'
sign "$here/contract-rise-spent.json" contract.note norrkoping leksell nystart lumell \
    uppdragpsykiskhalsa
submit contract.note
contract=norrkoping-rise-spent

say 'The investor places SEK 7.5 million' 'Finansiären betalar in 7,5 miljoner kronor'
sign "$here/funding.json" funding.note leksell norrkoping
submit funding.note

say 'The evaluator reports two years, which bind, and three years, which do not' \
    'Utvärderaren rapporterar två år, som binder, och tre år, som inte gör det'
sign "$here/measurement-2y.json" measurement-2y.note lumell
submit measurement-2y.note
sign "$here/measurement-3y.json" measurement-3y.note lumell
submit measurement-3y.note

# Runs a command that must be refused: exit status 1.
refused() {
    status=0
    "$@" || status=$?
    if [ "$status" -ne 1 ]; then
        tell "   This was not refused (exit status $status)." "   Detta avvisades inte (slutstatus $status)."
        exit 1
    fi
}

say 'The settlement: the contract as a filled-in form. One öre too much is refused' \
    'Avräkningen: kontraktet som ifylld blankett. Ett öre för mycket avvisas'
u settle $contract 2y -o settlement.json
sed 's/3000000\.00/3000000.01/' settlement.json > too-much.json
sign too-much.json too-much.note norrkoping lumell
refused submit too-much.note

say 'The settlement as computed, signed by payer and evaluator' \
    'Avräkningen som den beräknats, signerad av betalare och utvärderare'
sign settlement.json settlement.note norrkoping lumell
submit settlement.note | tee settlement.line

say 'The payment' 'Utbetalningen'
id=$(cut -f2 settlement.line)
cat > payment.json <<JSON
{
  "kind": "payment", "version": 1, "date": "2026-11-23", "contract": "$contract",
  "settlement": "$id", "pay": "payout", "from": "norrkoping.se", "to": "leksellsocialventures.com",
  "amount": {"amount": "3000000.00", "currency": "SEK"},
  "paid_on": "not_published", "reference": "not_published"
}
JSON
sign payment.json payment.note norrkoping
submit payment.note

say 'Why is the payout what it is?' 'Varför är utbetalningen vad den är?'
u explain $contract 2y

say 'The whole story of the contract' 'Kontraktets hela historia'
u show $contract

say 'Anyone can verify all of it' 'Vem som helst kan kontrollera allt'
u verify --vkey "$(cat log.vkey)"

say 'Someone edits a copy of the database' 'Någon ändrar i en kopia av databasen'
if [ -n "${DEMO_LEDGER:-}" ]; then
    u copy "$UTFALL_LEDGER" utfall.ledger --quiet
fi
LC_ALL=C sed 's/"amount":"3000000\.00"/"amount":"9000000.00"/g' utfall.ledger > tampered.ledger
if cmp -s utfall.ledger tampered.ledger; then
    tell '   The copy could not be changed.' '   Kopian kunde inte ändras.'
    exit 1
fi
tell '   In the copy every payout of 3,000,000.00 now says 9,000,000.00. Verifying it:' \
    '   I kopian står nu 9 000 000,00 för varje utbetalning på 3 000 000,00. Kontroll av den:'
refused u verify --ledger tampered.ledger --vkey "$(cat log.vkey)"
tell '   Caught. The signed root covers every byte of every entry.' \
    '   Upptäckt. Den signerade roten täcker varje byte i varje post.'

printf '\n'
tell "All of it is in $folder. Try:" "Allt finns i $folder. Prova:"
tell "   $utfall --ledger '$UTFALL_LEDGER' log" \
    "   $utfall --lang sv --ledger '$UTFALL_LEDGER' log"
