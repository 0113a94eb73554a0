import { Writable } from 'node:stream';
import type { Context, Output } from '../../../src/cli/context.ts';
import type { Library } from '../../../src/cli/library.ts';
import type { Event } from '../../../src/events.ts';
import type { Digest } from '../../../src/oci/digest.ts';
import type { PackageOptions, PackagePlan, PackageResult } from '../../../src/package/options.ts';
/** A stream that keeps what is written to it; with a width it is a terminal. */
export declare class Screen extends Writable {
    text: string;
    readonly isTTY?: boolean;
    readonly columns?: number;
    readonly rows?: number;
    constructor(columns?: number);
    _write(chunk: string | Buffer, _encoding: string, done: () => void): void;
}
export interface Scene extends Context {
    readonly stdout: Output & Screen;
    readonly stderr: Output & Screen;
}
/** A process that is nowhere: pipes for streams, a clock that stands still. */
export declare function scene(changes?: Partial<Scene>): Scene;
export declare function digest(letter: string): Digest;
export declare const RESULT: PackageResult;
export declare const PLAN: PackagePlan;
/** A library that reports these events, keeps what it was asked, and gives the fixed result. */
export declare function recordingLibrary(events?: readonly Event[]): Library & {
    readonly asked: PackageOptions[];
};
