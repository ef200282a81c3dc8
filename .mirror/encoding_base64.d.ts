export declare function encodeBase64(data: ArrayBuffer | Uint8Array | string): string;
export declare function decodeBase64(b64: string): Uint8Array<ArrayBuffer>;
