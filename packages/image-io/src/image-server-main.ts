/** The image server as a program: the ticket's id stands in the path as it is. */
import { runImageServer } from './image-server.ts';

await runImageServer();
