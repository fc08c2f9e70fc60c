"""What each shell is given: a function that asks `qexp completion query`."""

from __future__ import annotations

_BASH = r"""
_qexp() {
    local command=${1:-qexp} line open=1
    command=${command/#\~/$HOME}
    type -P -- "$command" >/dev/null 2>&1 || command=qexp
    COMPREPLY=()
    while IFS= read -r line; do
        [[ -n $line ]] && COMPREPLY+=("$line")
        [[ $line == *[=.] || $line == *"["* ]] || open=
    done <<< "$(
        "$command" completion query --shell=bash -- \
            "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" </dev/null 2>/dev/null
    )"
    if [[ ${COMPREPLY[0]-} == :files ]]; then
        COMPREPLY=()
        compopt -o default 2>/dev/null
    fi
    [[ -z $open ]] && compopt +o nospace 2>/dev/null
    return 0
}
# bash 3 has no compopt: there, nothing gets a blank
complete -o nospace -F _qexp qexp
"""

_ZSH = r"""
#compdef qexp
_qexp() {
    local command=${~${(Q)words[1]}}
    local -a answer open
    whence -p -- "$command" >/dev/null || command=qexp
    answer=("${(@f)$(
        "$command" completion query --shell=zsh -- \
            "${(@Q)words[2,CURRENT-1]}" "$PREFIX" </dev/null 2>/dev/null
    )}")
    answer=(${answer:#})
    if [[ ${answer[1]-} == :files ]]; then
        compset -P '*='
        _files
        return
    fi
    open=(${(M)answer:#(*[=.]|*\[*)})
    answer=(${answer:|open})
    compadd -S '' -a open
    compadd -a answer
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
if [[ ${funcstack[1]-} == _qexp ]]; then
    _qexp "$@"
else
    compdef _qexp qexp
fi
"""

_FISH = r"""
function __qexp_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~' $HOME -- $words[1])
    command -q $program; or set program qexp
    set -l answer (command $program completion query --shell=fish -- \
        $words[2..-1] "$current" </dev/null 2>/dev/null)
    if test "$answer" = :files
        set -l key (string split -m 1 = -- $current)
        set -l file (string trim -l -c '\'"' -- "$key[2]")
        printf '%s\n' "$key[1]="(__fish_complete_path "$file" 2>/dev/null)
    else
        test -n "$answer"; and printf '%s\n' $answer
    end
end
complete -c qexp -e
complete -c qexp -f -a '(__qexp_complete)'
"""

SCRIPTS: dict[str, str] = {
    "bash": _BASH.lstrip(),
    "zsh": _ZSH.lstrip(),
    "fish": _FISH.lstrip(),
}
"""The script of each shell. A candidate that ends in `=` or `.` gets no blank after it,
nor, but in fish, one that opens a bracket."""
