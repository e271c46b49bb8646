#!/usr/bin/env bash
# Searches the logs of both processes, at their most talkative, and of the mail system for every secret
# of the sign-up that check.sh did. Ends with 1 and the line when one is there.
#
#   secrets.sh WORK NAME PASSWORD TOKEN     WORK has the files of check.sh; the logs are in $LOGS
set -euo pipefail

readonly WORK="$1" NAME="$2" PASSWORD="$3" TOKEN="$4"
hash="$(sed -n "s/^$NAME:\([^:]*\):.*/\1/p" /etc/shadow)"
[[ $hash == "\$2b\$"* ]] || { echo "no bcrypt hash in /etc/shadow to search for" >&2; exit 1; }
code="$(grep -oE '^ *[0-9]{3} [0-9]{3}$' "$WORK/mail" | tr -d ' ')" || true
[[ -n $code ]] || { echo "no code in the mail to search for" >&2; exit 1; }
public="$(cut -d' ' -f2 "$WORK/key.pub")"

# Salt and digest count each by itself; of the key what differs from key to key.
secrets=("$PASSWORD" "$TOKEN" "${hash:7:22}" "${hash:29}" "${public:30:30}" "$(sed -n 3p "$WORK/key")")

found=0
for log in "$LOGS"/provisiond.log "$LOGS"/registrar-web.log /var/log/mail.log; do
  [[ -s $log ]] || { echo "$log is empty" >&2; exit 1; }
  for secret in "${secrets[@]}"; do
    if grep -nF -- "$secret" "$log" >&2; then found=1; fi
  done
  # Six digits also stand in times, numbers of processes and the like: only where nothing joins them.
  if sed 's/^[^ ]* *//' "$log" | grep -nE "(^|[^0-9A-Za-z.:-])${code:0:3} ?${code:3}([^0-9A-Za-z.:-]|$)" >&2; then found=1; fi
done
((found == 0)) || { echo "a secret is in a log" >&2; exit 1; }

# Nothing is found where nothing is said. provisiond has no finer lines for a run without repetitions.
talkative=(provisiond=ActivateAccount registrar-web=TRACE)
for log in "${talkative[@]}"; do
  grep -q "${log#*=}" "$LOGS/${log%=*}.log" || { echo "${log%=*} did not say ${log#*=}" >&2; exit 1; }
  echo "   ${log%=*}: $(wc -l <"$LOGS/${log%=*}.log") lines without a secret"
done
