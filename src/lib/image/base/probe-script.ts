import { cacheFolderOf } from '../models/place.js'

/** The variables that decide where the hub's libraries look for models. */
export const cacheVariables = [
  'HF_HUB_CACHE',
  'HUGGINGFACE_HUB_CACHE',
  'HF_HOME',
  'XDG_CACHE_HOME',
  'TRANSFORMERS_CACHE',
  'SENTENCE_TRANSFORMERS_HOME',
] as const

const quote = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`

/**
 * A script for any POSIX shell that lists what an image has of these models: in the places where the hub's libraries
 * would look under this environment, and in `elsewhere`. It writes nothing. One record a line, see `readProbe`; texts
 * of several lines end with a line of `end` alone. https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html
 */
export function probeScript(
  models: readonly { readonly id: string }[],
  elsewhere: readonly string[],
  end: string,
): string {
  const folders = models.map(({ id }) => quote(cacheFolderOf(id))).join(' ')
  // Patterns of the shell stay patterns: they are ours.
  const others = elsewhere.join(' ')
  return `LC_ALL=C
export LC_ALL
HOME=\${HOME:-/}
printf 'user %s\\n' "$(id -u 2>/dev/null)"
printf 'env HOME=%s\\n' "$HOME"
${cacheVariables.map((name) => `printf 'env ${name}=%s\\n' "\${${name}-}"`).join('\n')}
for tool in ls od head tail sha256sum sha1sum; do
  command -v "$tool" >/dev/null 2>&1 && printf 'tool %s\\n' "$tool"
done
size_of() { (set -f; set -- $(ls -Lnd -- "$1" 2>/dev/null); printf '%s' "\${5-}"); }
header_of() {
  count=$(od -An -tu8 -N8 -- "$1" 2>/dev/null) || return 0
  count=$((count + 0)) 2>/dev/null || return 0
  [ "$count" -gt 1 ] && [ "$count" -lt 4000000 ] || return 0
  printf 'header %s %s\\n' "$count" "$1"
  head -c $((count + 8)) -- "$1" 2>/dev/null | tail -c +9
  printf '\\n%s\\n' ${quote(end)}
}
hash_of() {
  name=\${1##*/}
  case \${#name} in
    64) sum=$(sha256sum < "$1" 2>/dev/null) ;;
    40) sum=$({ printf 'blob %s\\000' "$2"; cat -- "$1"; } 2>/dev/null | sha1sum 2>/dev/null) ;;
    *) return 0 ;;
  esac
  [ -n "$sum" ] && printf 'hash %s %s\\n' "\${sum%% *}" "$1"
}
show() {
  size=$(size_of "$2")
  if [ -r "$2" ]; then readable=r; else readable=-; fi
  printf '%s %s %s %s\\n' "$1" "$readable" "\${size:--}" "$2"
  [ "$1" = link ] && { target=$(ls -nd -- "$2"); printf 'to %s\\n' "\${target##* -> }"; }
  [ "$readable" = r ] || return 0
  case $2 in
    */refs/*) read -r ref < "$2"; printf 'ref %s %s\\n' "$ref" "$2" ;;
    */blobs/*) hash_of "$2" "$size" ;;
    *.index.json) printf 'text %s\\n' "$2"; cat -- "$2"; printf '\\n%s\\n' ${quote(end)} ;;
    *.safetensors) header_of "$2" ;;
  esac
  return 0
}
walk() {
  if [ ! -r "$1" ] || [ ! -x "$1" ]; then printf 'denied %s\\n' "$1"; return 0; fi
  for entry in "$1"/* "$1"/.[!.]*; do
    if [ -L "$entry" ]; then show link "$entry"
    elif [ -d "$entry" ]; then walk "$entry"
    elif [ -f "$entry" ]; then show file "$entry"
    fi
  done
}
seen=:
visit() {
  place=$1
  case $place in
    '') return 0 ;;
    '~'*) place=$HOME\${place#?} ;;
  esac
  case $seen in *:"$place":*) return 0 ;; esac
  seen=$seen$place:
  [ -d "$place" ] || return 0
  if [ ! -x "$place" ]; then printf 'denied %s\\n' "$place"; return 0; fi
  for folder in ${folders}; do
    [ -d "$place/$folder" ] && walk "$place/$folder"
  done
}
visit "\${HF_HUB_CACHE:-\${HUGGINGFACE_HUB_CACHE:-\${HF_HOME:-\${XDG_CACHE_HOME:-$HOME/.cache}/huggingface}/hub}}"
visit "\${TRANSFORMERS_CACHE-}"
visit "\${SENTENCE_TRANSFORMERS_HOME-}"
for other in ${others === '' ? `''` : others}; do visit "$other"; done
printf 'done\\n'
`
}
