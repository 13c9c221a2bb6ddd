// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Entry points of the driver's library that programs link to and that do
// nothing here: each answers CUDA_ERROR_NOT_SUPPORTED. One that becomes done
// leaves this list.
#include "driver/DriverState.h"

extern "C" TZ_EMU_API CUresult terrazzoEmuNotSupported() {
  return terrazzo::emu::driver::enter(
      [](terrazzo::emu::driver::Lock &) { return CUDA_ERROR_NOT_SUPPORTED; });
}

// Whatever arguments they are called with: they read none.
#define ABSENT(name) TZ_EMU_ALIAS(name, terrazzoEmuNotSupported)

// clang-format off
ABSENT(cuArrayCreate);
ABSENT(cuArrayCreate_v2);
ABSENT(cuArray3DCreate);
ABSENT(cuArray3DCreate_v2);
ABSENT(cuArrayDestroy);
ABSENT(cuArrayGetDescriptor);
ABSENT(cuArrayGetDescriptor_v2);
ABSENT(cuArray3DGetDescriptor);
ABSENT(cuArray3DGetDescriptor_v2);
ABSENT(cuArrayGetPlane);
ABSENT(cuArrayGetSparseProperties);
ABSENT(cuArrayGetMemoryRequirements);

ABSENT(cuMipmappedArrayCreate);
ABSENT(cuMipmappedArrayDestroy);
ABSENT(cuMipmappedArrayGetLevel);
ABSENT(cuMipmappedArrayGetSparseProperties);
ABSENT(cuMipmappedArrayGetMemoryRequirements);
ABSENT(cuMemMapArrayAsync);
ABSENT(cuMemMapArrayAsync_ptsz);

ABSENT(cuMemcpyAtoA);
ABSENT(cuMemcpyAtoA_v2);
ABSENT(cuMemcpyAtoD);
ABSENT(cuMemcpyAtoD_v2);
ABSENT(cuMemcpyAtoH);
ABSENT(cuMemcpyAtoH_v2);
ABSENT(cuMemcpyAtoHAsync);
ABSENT(cuMemcpyAtoHAsync_v2);
ABSENT(cuMemcpyDtoA);
ABSENT(cuMemcpyDtoA_v2);
ABSENT(cuMemcpyHtoA);
ABSENT(cuMemcpyHtoA_v2);
ABSENT(cuMemcpyHtoAAsync);
ABSENT(cuMemcpyHtoAAsync_v2);

ABSENT(cuTexObjectCreate);
ABSENT(cuTexObjectDestroy);
ABSENT(cuTexObjectGetResourceDesc);
ABSENT(cuTexObjectGetTextureDesc);
ABSENT(cuTexObjectGetResourceViewDesc);
ABSENT(cuSurfObjectCreate);
ABSENT(cuSurfObjectDestroy);
ABSENT(cuSurfObjectGetResourceDesc);

ABSENT(cuTexRefCreate);
ABSENT(cuTexRefDestroy);
ABSENT(cuTexRefSetArray);
ABSENT(cuTexRefSetMipmappedArray);
ABSENT(cuTexRefSetAddress);
ABSENT(cuTexRefSetAddress_v2);
ABSENT(cuTexRefSetAddress2D);
ABSENT(cuTexRefSetAddress2D_v2);
ABSENT(cuTexRefSetAddress2D_v3);
ABSENT(cuTexRefSetFormat);
ABSENT(cuTexRefSetAddressMode);
ABSENT(cuTexRefSetFilterMode);
ABSENT(cuTexRefSetMipmapFilterMode);
ABSENT(cuTexRefSetMipmapLevelBias);
ABSENT(cuTexRefSetMipmapLevelClamp);
ABSENT(cuTexRefSetMaxAnisotropy);
ABSENT(cuTexRefSetBorderColor);
ABSENT(cuTexRefSetFlags);
ABSENT(cuTexRefGetAddress);
ABSENT(cuTexRefGetAddress_v2);
ABSENT(cuTexRefGetArray);
ABSENT(cuTexRefGetFormat);
ABSENT(cuTexRefGetAddressMode);
ABSENT(cuTexRefGetFilterMode);
ABSENT(cuTexRefGetFlags);
ABSENT(cuSurfRefSetArray);
ABSENT(cuSurfRefGetArray);
ABSENT(cuModuleGetTexRef);
ABSENT(cuModuleGetSurfRef);
ABSENT(cuParamSetTexRef);
ABSENT(cuDeviceGetTexture1DLinearMaxWidth);

ABSENT(cuTensorMapEncodeTiled);
ABSENT(cuTensorMapEncodeIm2col);
ABSENT(cuTensorMapEncodeIm2colWide);
ABSENT(cuTensorMapReplaceAddress);

ABSENT(cuIpcGetEventHandle);
ABSENT(cuIpcOpenEventHandle);
ABSENT(cuIpcGetMemHandle);
ABSENT(cuIpcOpenMemHandle);
ABSENT(cuIpcOpenMemHandle_v2);
ABSENT(cuIpcCloseMemHandle);

ABSENT(cuMemAddressReserve);
ABSENT(cuMemAddressFree);
ABSENT(cuMemCreate);
ABSENT(cuMemRelease);
ABSENT(cuMemMap);
ABSENT(cuMemUnmap);
ABSENT(cuMemSetAccess);
ABSENT(cuMemGetAccess);
ABSENT(cuMemExportToShareableHandle);
ABSENT(cuMemImportFromShareableHandle);
ABSENT(cuMemGetAllocationGranularity);
ABSENT(cuMemGetAllocationPropertiesFromHandle);
ABSENT(cuMemRetainAllocationHandle);
ABSENT(cuMemGetHandleForAddressRange);

ABSENT(cuMemPoolExportToShareableHandle);
ABSENT(cuMemPoolImportFromShareableHandle);
ABSENT(cuMemPoolExportPointer);
ABSENT(cuMemPoolImportPointer);
ABSENT(cuMemGetDefaultMemPool);
ABSENT(cuMemGetMemPool);
ABSENT(cuMemSetMemPool);

ABSENT(cuMulticastCreate);
ABSENT(cuMulticastAddDevice);
ABSENT(cuMulticastBindMem);
ABSENT(cuMulticastBindAddr);
ABSENT(cuMulticastUnbind);
ABSENT(cuMulticastGetGranularity);

ABSENT(cuMemRangeGetAttribute);
ABSENT(cuMemRangeGetAttributes);
ABSENT(cuMemcpyBatchAsync);
ABSENT(cuMemcpyBatchAsync_v2);
ABSENT(cuMemcpy3DBatchAsync);
ABSENT(cuMemcpy3DBatchAsync_v2);
ABSENT(cuMemPrefetchBatchAsync);
ABSENT(cuMemDiscardBatchAsync);
ABSENT(cuMemDiscardAndPrefetchBatchAsync);

ABSENT(cuImportExternalMemory);
ABSENT(cuExternalMemoryGetMappedBuffer);
ABSENT(cuExternalMemoryGetMappedMipmappedArray);
ABSENT(cuDestroyExternalMemory);
ABSENT(cuImportExternalSemaphore);
ABSENT(cuSignalExternalSemaphoresAsync);
ABSENT(cuSignalExternalSemaphoresAsync_ptsz);
ABSENT(cuWaitExternalSemaphoresAsync);
ABSENT(cuWaitExternalSemaphoresAsync_ptsz);
ABSENT(cuDestroyExternalSemaphore);

ABSENT(cuStreamWaitValue32);
ABSENT(cuStreamWaitValue32_v2);
ABSENT(cuStreamWaitValue32_ptsz);
ABSENT(cuStreamWaitValue32_v2_ptsz);
ABSENT(cuStreamWaitValue64);
ABSENT(cuStreamWaitValue64_v2);
ABSENT(cuStreamWaitValue64_ptsz);
ABSENT(cuStreamWaitValue64_v2_ptsz);
ABSENT(cuStreamWriteValue32);
ABSENT(cuStreamWriteValue32_v2);
ABSENT(cuStreamWriteValue32_ptsz);
ABSENT(cuStreamWriteValue32_v2_ptsz);
ABSENT(cuStreamWriteValue64);
ABSENT(cuStreamWriteValue64_v2);
ABSENT(cuStreamWriteValue64_ptsz);
ABSENT(cuStreamWriteValue64_v2_ptsz);
ABSENT(cuStreamBatchMemOp);
ABSENT(cuStreamBatchMemOp_v2);
ABSENT(cuStreamBatchMemOp_ptsz);
ABSENT(cuStreamBatchMemOp_v2_ptsz);
ABSENT(cuFlushGPUDirectRDMAWrites);

ABSENT(cuStreamBeginCaptureToGraph);
ABSENT(cuStreamBeginCaptureToGraph_ptsz);

ABSENT(cuGraphAddNode);
ABSENT(cuGraphAddNode_v2);
ABSENT(cuGraphNodeSetParams);
ABSENT(cuGraphExecNodeSetParams);
ABSENT(cuGraphAddMemAllocNode);
ABSENT(cuGraphMemAllocNodeGetParams);
ABSENT(cuGraphAddMemFreeNode);
ABSENT(cuGraphMemFreeNodeGetParams);
ABSENT(cuGraphAddBatchMemOpNode);
ABSENT(cuGraphBatchMemOpNodeGetParams);
ABSENT(cuGraphBatchMemOpNodeSetParams);
ABSENT(cuGraphExecBatchMemOpNodeSetParams);
ABSENT(cuGraphAddExternalSemaphoresSignalNode);
ABSENT(cuGraphExternalSemaphoresSignalNodeGetParams);
ABSENT(cuGraphExternalSemaphoresSignalNodeSetParams);
ABSENT(cuGraphExecExternalSemaphoresSignalNodeSetParams);
ABSENT(cuGraphAddExternalSemaphoresWaitNode);
ABSENT(cuGraphExternalSemaphoresWaitNodeGetParams);
ABSENT(cuGraphExternalSemaphoresWaitNodeSetParams);
ABSENT(cuGraphExecExternalSemaphoresWaitNodeSetParams);

ABSENT(cuGraphMemcpyNodeSetParams);
ABSENT(cuGraphMemsetNodeSetParams);
ABSENT(cuGraphHostNodeSetParams);
ABSENT(cuGraphExecHostNodeSetParams);
ABSENT(cuGraphExecChildGraphNodeSetParams);
ABSENT(cuGraphEventRecordNodeGetEvent);
ABSENT(cuGraphEventRecordNodeSetEvent);
ABSENT(cuGraphEventWaitNodeGetEvent);
ABSENT(cuGraphEventWaitNodeSetEvent);
ABSENT(cuGraphExecEventRecordNodeSetEvent);
ABSENT(cuGraphExecEventWaitNodeSetEvent);
ABSENT(cuGraphNodeSetEnabled);
ABSENT(cuGraphNodeGetEnabled);
ABSENT(cuGraphConditionalHandleCreate);
ABSENT(cuGraphDebugDotPrint);
ABSENT(cuGraphGetId);
ABSENT(cuGraphNodeGetLocalId);
ABSENT(cuGraphNodeGetToolsId);
ABSENT(cuGraphNodeGetContainingGraph);
ABSENT(cuGraphExecGetId);

ABSENT(cuUserObjectCreate);
ABSENT(cuUserObjectRetain);
ABSENT(cuUserObjectRelease);
ABSENT(cuGraphRetainUserObject);
ABSENT(cuGraphReleaseUserObject);
ABSENT(cuDeviceGetGraphMemAttribute);
ABSENT(cuDeviceSetGraphMemAttribute);
ABSENT(cuDeviceGraphMemTrim);

ABSENT(cuLaunchCooperativeKernelMultiDevice);
ABSENT(cuLaunch);
ABSENT(cuLaunchGrid);
ABSENT(cuLaunchGridAsync);
ABSENT(cuParamSetSize);
ABSENT(cuParamSeti);
ABSENT(cuParamSetf);
ABSENT(cuParamSetv);
ABSENT(cuFuncSetBlockShape);
ABSENT(cuFuncSetSharedSize);
ABSENT(cuOccupancyMaxPotentialClusterSize);
ABSENT(cuOccupancyMaxActiveClusters);

ABSENT(cuLibraryGetManaged);
ABSENT(cuLibraryGetUnifiedFunction);

ABSENT(cuGreenCtxCreate);
ABSENT(cuGreenCtxDestroy);
ABSENT(cuCtxFromGreenCtx);
ABSENT(cuDeviceGetDevResource);
ABSENT(cuCtxGetDevResource);
ABSENT(cuGreenCtxGetDevResource);
ABSENT(cuDevSmResourceSplitByCount);
ABSENT(cuDevResourceGenerateDesc);
ABSENT(cuGreenCtxRecordEvent);
ABSENT(cuGreenCtxWaitEvent);
ABSENT(cuGreenCtxStreamCreate);
ABSENT(cuGreenCtxGetId);
ABSENT(cuStreamGetGreenCtx);
ABSENT(cuStreamGetDevResource);

ABSENT(cuCtxRecordEvent);
ABSENT(cuCtxWaitEvent);
ABSENT(cuCtxGetExecAffinity);
ABSENT(cuDeviceGetExecAffinitySupport);
ABSENT(cuStreamGetCtx_v2);
ABSENT(cuDeviceGetProperties);
ABSENT(cuDeviceGetNvSciSyncAttributes);
ABSENT(cuDeviceRegisterAsyncNotification);
ABSENT(cuDeviceUnregisterAsyncNotification);
ABSENT(cuDeviceGetHostAtomicCapabilities);
ABSENT(cuDeviceGetP2PAtomicCapabilities);

ABSENT(cuCoredumpGetAttribute);
ABSENT(cuCoredumpGetAttributeGlobal);
ABSENT(cuCoredumpSetAttribute);
ABSENT(cuCoredumpSetAttributeGlobal);
ABSENT(cuProfilerInitialize);

ABSENT(cuCheckpointProcessGetRestoreThreadId);
ABSENT(cuCheckpointProcessGetState);
ABSENT(cuCheckpointProcessLock);
ABSENT(cuCheckpointProcessCheckpoint);
ABSENT(cuCheckpointProcessRestore);
ABSENT(cuCheckpointProcessUnlock);
ABSENT(cuLogsRegisterCallback);
ABSENT(cuLogsUnregisterCallback);
ABSENT(cuLogsCurrent);
ABSENT(cuLogsDumpToFile);
ABSENT(cuLogsDumpToMemory);

ABSENT(cuGraphicsUnregisterResource);
ABSENT(cuGraphicsSubResourceGetMappedArray);
ABSENT(cuGraphicsResourceGetMappedMipmappedArray);
ABSENT(cuGraphicsResourceGetMappedPointer);
ABSENT(cuGraphicsResourceGetMappedPointer_v2);
ABSENT(cuGraphicsResourceSetMapFlags);
ABSENT(cuGraphicsResourceSetMapFlags_v2);
ABSENT(cuGraphicsMapResources);
ABSENT(cuGraphicsUnmapResources);
ABSENT(cuGLCtxCreate);
ABSENT(cuGLCtxCreate_v2);
ABSENT(cuGLInit);
ABSENT(cuGLGetDevices);
ABSENT(cuGLGetDevices_v2);
ABSENT(cuGraphicsGLRegisterBuffer);
ABSENT(cuGraphicsGLRegisterImage);
ABSENT(cuGraphicsEGLRegisterImage);
// clang-format on
