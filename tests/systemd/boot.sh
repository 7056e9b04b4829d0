#!/bin/sh
# Boots systemd as the first process of namespaces of its own (see try.sh), over a copy of this machine's files that is
# thrown away: boot.sh WORK PROJECT. On /dev/tty nothing is needed but a terminal for its console.
set -eu
work=$1
project=$2
# the number of this process outside, which exec keeps
read -r pid _ </proc/self/stat
mount --make-rprivate /
mount -t tmpfs tmpfs "$work/files"
mkdir "$work/files/upper" "$work/files/scratch" "$work/files/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$work/files/upper,workdir=$work/files/scratch" "$work/files/root"
terminal=$(tty)
cd "$work/files/root"

mount -t proc proc proc
# settings of the kernel are this machine's too
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
mkdir sys/fs/cgroup/unified sys/fs/cgroup/systemd
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  mount -t cgroup2 cgroup2 sys/fs/cgroup
else
  mount -t cgroup2 cgroup2 sys/fs/cgroup/unified
  mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
fi
mount -t tmpfs -o mode=755 tmpfs dev
for node in null zero full random urandom tty; do
  touch "dev/$node"
  mount --bind "/dev/$node" "dev/$node"
done
touch dev/console
mount --bind "$terminal" dev/console
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs tmpfs dev/shm
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs tmpfs tmp

# nothing of this machine's own services
rm -rf etc/systemd/system/*.wants opt/terroir-agent etc/terroir-agent var/lib/terroir-agent
for unit in console-getty getty@tty1 systemd-udevd systemd-logind systemd-networkd systemd-resolved; do
  ln -sf /dev/null "etc/systemd/system/$unit.service"
done
: >etc/fstab
tr -d - <proc/sys/kernel/random/uuid >etc/machine-id
mkdir -p opt/terroir
mount --bind "$project" opt/terroir
echo "$pid" >"$work/pid"
mkdir -p former
# not chroot: who is in one may make no user namespace, and the fleet's unit asks for one
pivot_root . former
umount -l /former
exec env -i container=terroir PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --system --unit=multi-user.target
