import { probeAnswerMarker, probeHeader, type ProbedService, type ProbeRequest } from '../../domain/target-probe.js'

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

/** Bytes of an answer that are brought back, over all services: AWS keeps 24,000 characters, in which they are base64. */
const keptOfAnswers = 12_000

const functions = String.raw`
set -u
LC_ALL=C; export LC_ALL
have() { command -v "$1" >/dev/null 2>&1; }
lacks=
have docker || lacks='"docker"'
have curl || lacks="$lacks"${'$'}{lacks:+,}'"curl"'
dir=$(mktemp -d) || exit 3
trap 'rm -rf "$dir"' EXIT
whole() { case $1 in ''|*[!0-9]*) return 1;; esac; }
field() { whole "$2" && printf ',"%s":%s' "$1" "$2"; :; }

# An answer of this machine to itself: its status and its seconds.
ask() {
  : > "$dir/answer"
  said=000\ 0
  if have curl; then
    if [ -n "$4" ]; then
      said=$(curl -s -o "$dir/answer" -w '%{http_code} %{time_total}' --max-time "$timeout" -X "$1" \
        -H "content-type: $3" --data-binary "@$4" "http://127.0.0.1:$2" 2>/dev/null)
    else
      said=$(curl -s -o "$dir/answer" -w '%{http_code} %{time_total}' --max-time "$timeout" -X "$1" \
        "http://127.0.0.1:$2" 2>/dev/null)
    fi
  fi
  status=$(printf %s "${'$'}{said%% *}" | sed 's/^0*//')
  whole "$status" || status=0
  printf '{"status":%s,"seconds":%s' "$status" "${'$'}{said#* }"
}

# The containers of an image's repository, with the image's digests.
containers() {
  have docker || return 0
  for id in $(docker ps -q --no-trunc 2>/dev/null); do
    image=$(docker inspect -f '{{.Image}}' "$id" 2>/dev/null) || continue
    for reference in $(docker image inspect -f '{{range .RepoDigests}}{{println .}}{{end}}' "$image" 2>/dev/null); do
      case $reference in
        "$1"@sha256:*|*/"$1"@sha256:*) printf '%s %s\n' "$id" "${'$'}{reference##*@}";;
      esac
    done
  done
}

# What the processes of a container hold for themselves.
held() {
  pid=$(docker inspect -f '{{.State.Pid}}' "$1" 2>/dev/null)
  whole "$pid" || return 0
  two=$(sed -n 's/^0:://p' "/proc/$pid/cgroup" 2>/dev/null)
  one=$(sed -n 's/^[0-9]*:\([^:]*,\)\{0,1\}memory\(,[^:]*\)\{0,1\}:\(.*\)/\3/p' "/proc/$pid/cgroup" 2>/dev/null)
  sed -n 's/^anon //p' "/sys/fs/cgroup$two/memory.stat" 2>/dev/null | grep . ||
    sed -n 's/^total_rss //p' "/sys/fs/cgroup/memory$one/memory.stat" 2>/dev/null
}

processes() {
  docker top "$1" -eo pid,rss 2>/dev/null | awk 'NR > 1 && $2 > 0 { print $2 }' | sort -rn | head -n 32 |
    awk '{ printf "%s%.0f", ((NR > 1) ? "," : ""), $1 * 1024 }'
}

# Where the files of a model are that a container loads.
place() {
  found=$(docker exec "$1" sh -c 'for d in "${'$'}{HF_HUB_CACHE:-}" "${'$'}{HF_HOME:-/nowhere}/hub" \
    "${'$'}{TRANSFORMERS_CACHE:-}" "${'$'}{HOME:-/root}/.cache/huggingface/hub" /opt/models/hub /opt/models; do
      [ -n "$d" ] && [ -d "$d/$1/snapshots/$2" ] && { printf %s "$d/$1"; exit 0; }
    done; printf no' place "$2" "$3" 2>/dev/null) || { printf unknown; return; }
  case $found in
    no) printf missing; return;;
    '') printf unknown; return;;
  esac
  for mount in $(docker inspect -f '{{range .Mounts}}{{println .Destination}}{{end}}' "$1" 2>/dev/null); do
    case $found in "$mount"|"$mount"/*) printf mounted; return;; esac
  done
  if grep -q "^[AC] $found/snapshots/$3" "$dir/changes"; then printf written; else printf image; fi
}
`.trim()

function serviceLines({ name, repository, port, readyPath, models, question }: ProbedService, kept: number): string[] {
  const body = question === undefined ? '' : Buffer.from(question.body).toString('base64')
  const asks = (json: string): string =>
    question === undefined
      ? ''
      : `printf ',"${json}":'; ask ${quoted(question.method)} "${port}"${quoted(question.path)} ${quoted(question.contentType)} "$body"`
  return [
    `repository=${quoted(repository)}`,
    'containers "$repository" > "$dir/containers"',
    `first=$(sed -n '1s/ .*//p' "$dir/containers")`,
    `printf '%s{"name":%s,"digests":[%s],"containers":%s' "$comma" ${quoted(JSON.stringify(name))} \\`,
    `  "$(awk '{ print $2 }' "$dir/containers" | sort -u | awk '{ printf "%s\\"%s\\"", ((NR > 1) ? "," : ""), $1 }')" \\`,
    `  "$(awk '{ print $1 }' "$dir/containers" | sort -u | wc -l | tr -d ' ')"`,
    'comma=,',
    `printf ',"ready":'; ask GET "${port}"${quoted(readyPath)} '' ''; printf '}'`,
    ...(question === undefined
      ? []
      : [
          'body=',
          ...(body === '' ? [] : ['body=$dir/body', `printf %s ${quoted(body)} | base64 -d > "$body"`]),
          `${asks('first')}; printf '}'`,
          asks('again'),
          `printf ',"body":"%s","cut":%s}' "$(head -c ${kept} "$dir/answer" | base64 | tr -d '\\n')" \\`,
          `  "$([ "$(wc -c < "$dir/answer")" -gt ${kept} ] && printf true || printf false)"`,
        ]),
    'if [ -n "$first" ]; then',
    '  docker diff "$first" > "$dir/changes" 2>/dev/null',
    '  field memory "$(held "$first")"',
    `  limit=$(docker inspect -f '{{.HostConfig.Memory}}' "$first" 2>/dev/null)`,
    '  [ "$limit" = 0 ] || field limit "$limit"',
    `  printf ',"processes":[%s],"models":[' "$(processes "$first")"`,
    ...models.map(({ id, revision }, index) => {
      const folder = `models--${id.replaceAll('/', '--')}`
      const start = `${index > 0 ? ',' : ''}{"id":${JSON.stringify(id)},"revision":${JSON.stringify(revision)},"place":"`
      return `  printf '%s%s"}' ${quoted(start)} "$(place "$first" ${quoted(folder)} ${quoted(revision)})"`
    }),
    `  printf ']'`,
    `else printf ',"processes":[],"models":[]'; fi`,
    `printf '}'`,
  ]
}

/**
 * A POSIX shell script that says, in one line of JSON behind a marker, what runs on a machine with Docker: digests by
 * service, readiness, the answer to one question asked twice on loopback, memory, and where the models' files are. It
 * changes nothing but a temporary directory of its own. It is understood with {@link readProbe}.
 */
export function probeScript(request: ProbeRequest): string {
  const kept = Math.floor(keptOfAnswers / Math.max(1, request.services.length))
  return [
    '#!/bin/sh',
    probeHeader(request),
    '# Sent by rampart to prove what serves here. It reads, asks on loopback, and changes nothing.',
    functions,
    `timeout=${Math.max(1, Math.round(request.timeout))}`,
    'comma=',
    `printf '%s{"lacks":[%s]' ${quoted(probeAnswerMarker)} "$lacks"`,
    String.raw`total=$(awk '/^MemTotal:/ { printf "%.0f", $2 * 1024 }' /proc/meminfo 2>/dev/null)`,
    String.raw`available=$(awk '/^MemAvailable:/ { printf "%.0f", $2 * 1024 }' /proc/meminfo 2>/dev/null)`,
    `whole "$total" && whole "$available" && printf ',"memory":{"total":%s,"available":%s}' "$total" "$available"`,
    `printf ',"services":['`,
    ...request.services.flatMap((service) => serviceLines(service, kept)),
    String.raw`printf ']}\n'`,
    '',
  ].join('\n')
}
