-- When a host's certificate is two thirds through its life; null where that is not known, and one that is known is given.
alter table hosts add column certificate_renew_at timestamptz;
