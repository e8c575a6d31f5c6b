#!/usr/bin/env bash
# A Slurm of one node on the loopback, in a folder of its own: for trying `cloze slurm` and for its test. Needs Debian's
# packages slurm-wlm and munge, and root, as slurmd does.
#
#   scripts/slurm.sh start FOLDER     starts it; prints the environment that sbatch and the others need
#   scripts/slurm.sh stop FOLDER      stops it
set -euo pipefail

usage() { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ $# = 2 ] || usage
folder="$(realpath -m "$2")"

stop() {
    for name in slurmd slurmctld munged; do
        [ -f "$folder/$name.pid" ] || continue
        kill "$(cat "$folder/$name.pid")" 2>/dev/null || true
    done
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

start() {
    for program in slurmctld slurmd munged sbatch python3; do
        command -v "$program" >/dev/null || { echo "$program is not installed (Debian: slurm-wlm, munge)" >&2; exit 1; }
    done
    mkdir -p "$folder"/{state,spool,log}
    # munge refuses folders that others can write to, or that are not its own.
    chmod 700 "$folder"
    head -c 1024 /dev/urandom > "$folder/munge.key"
    chmod 400 "$folder/munge.key"
    munged --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" --pid-file="$folder/munged.pid" \
        --log-file="$folder/log/munged.log" --seed-file="$folder/munge.seed"
    node="$(hostname -s)"
    hardware="$(slurmd -C | head -n 1 | grep -o '\(CPUs\|Boards\|SocketsPerBoard\|CoresPerSocket\|ThreadsPerCore\|RealMemory\)=[0-9]*' | tr '\n' ' ')"
    cat > "$folder/slurm.conf" <<END
ClusterName=loopback
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
SlurmUser=$(id -un)
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$folder/munge.socket
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
# cgroups may not be there in a container; the process tree always is.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MpiDefault=none
KillWait=10
SchedulerParameters=sched_min_interval=100000,batch_sched_delay=1
NodeName=$node NodeAddr=127.0.0.1 $hardware State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
    export SLURM_CONF="$folder/slurm.conf"
    slurmctld
    slurmd
    for _ in $(seq 100); do
        sinfo --noheader --format=%T 2>/dev/null | grep -q idle && break
        sleep 0.2
    done
    sinfo --noheader --format=%T | grep -q idle || { echo "the node did not come up; see $folder/log" >&2; stop; exit 1; }
    echo "SLURM_CONF=$SLURM_CONF"
}

case "$1" in
    start) start ;;
    stop) stop ;;
    *) usage ;;
esac
