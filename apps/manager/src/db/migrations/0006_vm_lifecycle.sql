-- What a VM is beyond its hardware: what one run has of its own, and what is kept of one that was suspended.

-- Asked for with a start, and gone with its run: boot devices, CD, display, whether it goes with a reboot.
alter table vms add column run_once jsonb;
-- The disk that holds the memory of a suspended VM: its guest goes on from there.
alter table vms add column saved_memory uuid references disks;
-- What lies in the CD drive at the next start, and what lies there in this run.
alter table vms add column cd_disk_id uuid references disks on delete set null;
alter table vms add column run_cd_disk_id uuid references disks on delete set null;
create index vms_by_saved_memory on vms (saved_memory) where saved_memory is not null;

-- A VM waits for at most one other configuration.
create unique index one_next_run on snapshots (vm_id) where kind = 'next_run';

-- Figures per second, between the last two looks.
alter table vm_statistics add column rates jsonb;
