# What the four stories share: a ledger in a folder of its own, keys, and words in two languages.
#
# A story sets `here`, its own folder, and `story`, its name, and reads this file. It is played with
# made-up keys in build/lives/<story>, which is made anew each time.
# shellcheck shell=sh disable=SC2034,SC2154 # `here` and `story` are the story's, `settled` is for it

top=$(cd "$here/../../.." && pwd)
utfall=${UTFALL:-$top/build/release/utfall}
folder=${LIFE_FOLDER:-$top/build/lives/$story}
payer=town
lang=en
case "$*" in
    *"--lang sv"* | *--lang=sv*) lang=sv ;;
esac

rm -rf "$folder"
mkdir -p "$folder"
cd "$folder" || exit 2
# What `verify` remembers stays in the story's own folder.
XDG_STATE_HOME=$folder/state
export XDG_STATE_HOME
echo demonstration > passphrase
chmod 600 passphrase

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$(printf '\033[1m') plain=$(printf '\033[0m')
else
    bold='' plain=''
fi

u() { "$utfall" --lang "$lang" "$@"; }

tell() { # English, Swedish
    if [ "$lang" = sv ]; then printf '%s\n' "$2"; else printf '%s\n' "$1"; fi
}

step=0
say() { # English, Swedish: the next thing that happens
    step=$((step + 1))
    printf '\n%s== %d. %s%s\n' "$bold" "$step" "$(tell "$@")" "$plain"
}

# Runs a command that must be refused: exit status 1.
refused() {
    status=0
    "$@" || status=$?
    if [ "$status" -ne 1 ]; then
        tell "   This was not refused (exit status $status)." "   Detta avvisades inte (slutstatus $status)."
        exit 1
    fi
}

key() { # key name, file
    u key new --name "$1" -o "$2.key" --passphrase-file passphrase > "$2.vkey"
}

sign() { # draft or note, note to write, then the names of the signers
    source=$1 note=$2
    shift 2
    for signer in "$@"; do
        u sign "$source" -o "$note" --force --quiet --key "$signer.key" --passphrase-file passphrase
        source=$note
    done
}

submit() { u submit --log-key log.key --passphrase-file passphrase "$@"; }

# Signs a draft of this story and submits it; leaves the statement's id in `id`.
add() { # draft, then the names of the signers
    draft=$1 name=$(basename "$1" .json)
    shift
    sign "$draft" "$name.note" "$@"
    submit "$name.note" > "$name.line"
    id=$(cut -f2 "$name.line")
}

begin() { # folder of the drafts of charter and parties, vkeys in the charter, then the parties
    enrolled=$1 hands=$2
    shift 2
    vkeys=''
    for one in $hands; do
        vkeys="$vkeys --vkey $(cat "$one.vkey")"
    done
    # shellcheck disable=SC2086 # one word for each vkey
    u sign "$enrolled/charter.json" -o charter.note --quiet --key operator.key \
        --passphrase-file passphrase $vkeys
    u init charter.note --log-key log.key --passphrase-file passphrase --quiet
    notes=''
    for party in "$@"; do
        u sign "$enrolled/party-$party.json" -o "party-$party.note" --quiet --key "$party.key" \
            --passphrase-file passphrase --vkey "$(cat "$party.vkey")"
        sign "party-$party.note" "party-$party.note" registrar
        notes="$notes party-$party.note"
    done
    # shellcheck disable=SC2086 # one word for each note
    submit $notes > parties.line
}

# Fills in the form of a period; `payer` and the evaluator sign it. `settled` is its id.
settle() { # date, contract, period
    u settle "$2" "$3" -o "settlement-$1.json"
    sed "s/\"date\": \"[0-9-]*\"/\"date\": \"$1\"/" "settlement-$1.json" > "settled-$1.json"
    add "settled-$1.json" "$payer" evaluator
    settled=$id
}

pay() { # date, contract, settlement, pay, from, to, amount, then the signer
    cat > "payment-$4-$1.json" <<JSON
{
  "kind": "payment", "version": 1, "date": "$1", "contract": "$2",
  "settlement": "$3", "pay": "$4", "from": "$5", "to": "$6",
  "amount": {"amount": "$7", "currency": "SEK"},
  "paid_on": "$1", "reference": "$4 $1"
}
JSON
    add "payment-$4-$1.json" "$8"
}
