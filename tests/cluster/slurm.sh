#!/usr/bin/env bash
# A SLURM of one node on this machine (apt-get install slurm-wlm munge; as root): slurm.sh start FOLDER, slurm.sh stop FOLDER.
# Configuration, sockets, state and logs lie in FOLDER alone; SLURM_CONF=FOLDER/slurm.conf makes srun, sbatch and squeue find it.
# The partition `high` takes nodes away from `low`, whose jobs are started again.
set -euo pipefail
action=$1 folder=$(realpath -m "$2") host=$(hostname -s)
export SLURM_CONF=$folder/slurm.conf

port() { python3 -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])'; }

start() {
  mkdir -p "$folder"/{state,spool,munge}
  chmod 700 "$folder/munge"
  (umask 077 && head -c 1024 /dev/urandom >"$folder/munge/key")
  munged --force --key-file="$folder/munge/key" --socket="$folder/munge/socket" --pid-file="$folder/munge/pid" \
    --log-file="$folder/munge/log" --seed-file="$folder/munge/seed"
  cat >"$SLURM_CONF" <<CONF
ClusterName=one
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$(port)
SlurmdPort=$(port)
AuthInfo=socket=$folder/munge/socket
SlurmUser=root
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,batch_sched_delay=0,sched_min_interval=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
KillWait=5
ReturnToService=2
MaxArraySize=11
NodeName=$host NodeAddr=127.0.0.1 CPUs=4
PartitionName=low Nodes=$host Default=YES PriorityTier=1 PreemptMode=REQUEUE MaxTime=INFINITE OverSubscribe=NO
PartitionName=high Nodes=$host PriorityTier=2 PreemptMode=OFF MaxTime=INFINITE OverSubscribe=NO
CONF
  slurmctld
  slurmd
  for _ in $(seq 100); do
    if [ "$(sinfo --noheader --partition=low --format=%t 2>/dev/null)" = idle ]; then return; fi
    sleep 0.2
  done
  tail -n 5 "$folder"/slurm*.log >&2
  stop
  exit 1
}

stop() {
  scancel --partition=low --full 2>/dev/null || true
  scancel --partition=high --full 2>/dev/null || true
  for name in slurmd slurmctld munge/munged munge/pid; do
    pid=$folder/$name
    [ -f "$pid" ] || pid=$folder/$name.pid
    if [ -f "$pid" ]; then kill "$(cat "$pid")" 2>/dev/null || true; fi
  done
}

"$action"
