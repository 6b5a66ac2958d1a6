import { createHash, randomBytes } from 'node:crypto';

/** One-time tokens by which a host enrolls itself. What is stored is the hash: who reads the database cannot enroll. */
export const newEnrollmentToken = (): string => randomBytes(32).toString('base64url');

/** 256 random bits need no salt and no stretching. */
export const enrollmentTokenHash = (token: string): Buffer => createHash('sha256').update(`ostler enrollment ${token}`).digest();
